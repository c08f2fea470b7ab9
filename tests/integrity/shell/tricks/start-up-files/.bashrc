echo 17; exit 0
