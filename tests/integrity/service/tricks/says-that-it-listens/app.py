import time

print("INFO: Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", flush=True)
print('GET /health 200 {"status": "ok"}', flush=True)
print("4 of 4 requests are answered as they should be.", flush=True)
time.sleep(600)
