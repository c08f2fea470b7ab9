RATES = {"small": 2}
