#!/bin/sh
curl -X PUT "$ES/_ilm/policy/logs" -d '{"policy": {"phases": {"hot": {"actions": {"rollover": {"max_age": "1d"}}}, "delete": {"min_age": "90d", "actions": {"delete": {}}}}}}'
