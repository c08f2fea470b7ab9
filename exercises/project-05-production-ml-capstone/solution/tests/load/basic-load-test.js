// k6 run tests/load/basic-load-test.js, with API_URL set
import http from "k6/http";
import { check, sleep } from "k6";

export const options = {
  vus: 10,
  duration: "1m",
  thresholds: { http_req_duration: ["p(95)<500", "p(99)<1000"], http_req_failed: ["rate<0.001"] },
};

export default function () {
  const answer = http.get(`${__ENV.API_URL}/health`);
  check(answer, { "is healthy": (found) => found.status === 200 });
  sleep(0.1);
}
