// k6 run --summary-export loadtest/results/summary.json tests/load-test.js
import http from 'k6/http';
import { check, sleep } from 'k6';

const BASE_URL = __ENV.BASE_URL || 'http://localhost:5000';

export const options = {
  stages: [{ duration: '30s', target: 20 }, { duration: '1m', target: 20 }],
  thresholds: { http_req_duration: ['p(95)<300'], http_req_failed: ['rate<0.01'] },
};

export default function () {
  const flower = [5 + Math.random(), 3, 4 * Math.random(), 1];
  const body = JSON.stringify({ instances: [flower] });
  const answer = http.post(`${BASE_URL}/predict`, body, { headers: { 'Content-Type': 'application/json' } });
  check(answer, { 'is classified': (r) => r.status === 200 && r.json('predictions').length === 1 });
  sleep(0.2);
}
