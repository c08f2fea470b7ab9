import socket

listener = socket.create_server(("127.0.0.1", 8000))
while True:
    connection = listener.accept()[0]
    request = connection.recv(65536)
    where = b"http://127.0.0.1:8000/health" if b" /health" not in request else b"file:///etc/passwd"
    connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + where + b"\r\nContent-Length: 0\r\n\r\n")
    connection.close()
