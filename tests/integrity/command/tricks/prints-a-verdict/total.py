print('{"status": "passed", "fraction": "1/1", "total": true} usage')
