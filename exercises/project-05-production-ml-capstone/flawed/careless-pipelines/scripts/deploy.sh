#!/usr/bin/env bash
# Bring a version of the service into an environment, and wait until it serves:
#   scripts/deploy.sh dev|staging|production IMAGE_TAG
set -euo pipefail

environment=$1
tag=$2
overlay="kubernetes/overlays/$environment"
namespace="ml-system-$environment"

(cd "$overlay" && kustomize edit set image "ghcr.io/acme/ml-api=ghcr.io/acme/ml-api:$tag")
kubectl apply -k "$overlay"
kubectl -n "$namespace" rollout status deployment/ml-api --timeout=5m
