CREATE DATABASE airflow OWNER mlflow;
