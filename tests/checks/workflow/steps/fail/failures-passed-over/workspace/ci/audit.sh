#!/bin/bash
pip-audit
echo audited
