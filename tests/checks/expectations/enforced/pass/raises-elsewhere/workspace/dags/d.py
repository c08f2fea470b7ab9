from src.data_validation import DataValidator
from airflow.exceptions import AirflowException


def validate(**context):
    ok = DataValidator().validate_data(None, "x")
    if not ok:
        raise AirflowException("bad")
