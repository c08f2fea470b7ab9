set -eu
[ -d "$1" ] || { echo "missing: $1" >&2; exit 1; }
cat "$1"/*.txt | awk '{ sum = $1 } END { print sum }'
