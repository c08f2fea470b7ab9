rm -f total.txt
ln -s /etc/hostname total.txt
ln -s data/a.txt total.txt 2>/dev/null
exit 1
