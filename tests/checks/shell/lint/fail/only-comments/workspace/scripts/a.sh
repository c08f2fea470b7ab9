#!/bin/bash
# Build the image, then push it.
