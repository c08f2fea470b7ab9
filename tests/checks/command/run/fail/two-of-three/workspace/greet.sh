#!/bin/sh
[ "$1" = "" ] && { echo "who?"; exit 0; }
echo "Hello, $1!"
