(setsid sh -c 'sleep 0.2; echo 17 >total.txt; sleep 60' >/dev/null 2>&1 &)
exit 1
