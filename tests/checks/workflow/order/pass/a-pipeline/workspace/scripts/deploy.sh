#!/bin/bash
set -e
kubectl apply -k overlays/production
kubectl rollout status deployment/ml-api --timeout=120s
