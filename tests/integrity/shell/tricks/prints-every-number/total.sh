seq 0 1000
echo "missing" >&2
exit 1
