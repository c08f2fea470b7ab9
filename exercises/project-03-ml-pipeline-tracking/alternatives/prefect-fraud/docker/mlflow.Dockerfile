FROM python:3.11-slim
RUN pip install --no-cache-dir mlflow==3.14.0 psycopg2-binary==2.9.12 boto3==1.43.66
CMD ["mlflow", "server", "--host", "0.0.0.0"]
