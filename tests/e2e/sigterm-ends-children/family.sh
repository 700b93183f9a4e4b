# A server with a child that heeds no TERM and holds nothing of the connection.
(trap '' TERM && exec sleep 60 <&- >&- 2>&-) &
child=$!
sleep 0.1
echo "$$ $child"
exec sleep 60
