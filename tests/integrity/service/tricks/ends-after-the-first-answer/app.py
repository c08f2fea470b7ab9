import os
import socket

connection = socket.create_server(("127.0.0.1", 8000)).accept()[0]
connection.recv(65536)
connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status": "ok"}')
connection.close()
os._exit(0)
