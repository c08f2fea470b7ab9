chown 10001 /app
exec setpriv --reuid=10001 --regid=10001 --clear-groups "$@"
