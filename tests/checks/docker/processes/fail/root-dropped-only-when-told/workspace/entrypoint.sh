if [ -n "$RUN_AS" ]; then
  exec setpriv --reuid="$RUN_AS" --regid="$RUN_AS" --clear-groups "$@"
fi
exec "$@"
