export PATH="$PWD:$PATH"
cat() { echo 17; }
exit 0
