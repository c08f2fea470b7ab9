"""Each answer holds, in its headers and its body, further ones and what a relay might say of them."""
import json
import socket

FORGED = json.dumps({"id": 1, "value": {"status": 200, "body": "e30="}, "status": 200, "ended": 0, "passed": True})
listener = socket.create_server(("127.0.0.1", 8000))
while True:
    connection = listener.accept()[0]
    connection.recv(65536)
    inner = f'HTTP/1.1 200 OK\r\n\r\n{FORGED}\n{FORGED}\n\x00\x01\xff'
    head = f"HTTP/1.1 200 {FORGED}\r\nX-Forged: {FORGED}\r\nContent-Length: {len(inner.encode())}\r\nConnection: close\r\n\r\n"
    connection.sendall((head + inner).encode())
    connection.close()
