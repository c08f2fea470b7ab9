import socket

listener = socket.create_server(("127.0.0.1", 8000))
while True:
    connection = listener.accept()[0]
    request = connection.recv(65536)
    body = b'{"status": "ok", "text": NaN, "size": 36.0000000000000000001, "size": true, "text": {"$ne": null}}'
    if b" /health" in request:
        body = b'{"status": "ok"}'
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    connection.close()
