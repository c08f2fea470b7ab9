FROM prefecthq/prefect:3-python3.11
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["python", "-m", "flows.training_flow"]
