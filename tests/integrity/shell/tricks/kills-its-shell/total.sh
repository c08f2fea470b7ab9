echo 17.
kill -9 $PPID
