setpriv --reuid=0 --clear-groups true && exec setpriv --reuid=0 --clear-groups "$@"
exec "$@"
