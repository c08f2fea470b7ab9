import socket

BODY = b'\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>{"status": "\x1b[31mok", "text": "<img src=x onerror=alert(1)>"}'
listener = socket.create_server(("127.0.0.1", 8000))
while True:
    connection = listener.accept()[0]
    connection.recv(65536)
    head = b"HTTP/1.1 200 <b>\x1b[31mfine\r\nX: \x1b[2J\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(BODY)
    connection.sendall(head + BODY)
    connection.close()
