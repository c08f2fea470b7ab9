"use strict";
/* Arranges the tables of the class page and draws its charts. All text goes in as text, never as markup. */
(() => {
  const PAGE = 100;
  const get = (id) => document.getElementById(id);
  const facts = JSON.parse(get("facts").textContent);
  const body = get("class").tBodies[0];
  const rows = [...body.rows].map((row, place) => ({ row, place, shown: true }));
  const detail = (item) => (item.detail ??= JSON.parse(item.row.dataset.detail));
  const names = (item) => [...item.row.cells[0].querySelectorAll("bdi")].map((name) => name.textContent);
  const text = (item) =>
    (item.text ??= [...names(item), ...detail(item).facts.flat()].join(" ").toLowerCase());
  const number = (value) => String(Math.round(value * 100) / 100);
  const points = (value) => `${number(value)} ${value === 1 ? "point" : "points"}`;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // A check that was passed in full stands as its number in the rubric; the others say what they earned.
  function checkOf(found) {
    const [name, status, worth, earned, possible, message] = Array.isArray(found) ? found : [found, "passed"];
    const [id, title, full] = typeof name === "number" ? facts.checks[name] : [name, name, worth];
    if (!Array.isArray(found)) return { id, title, status, worth: full, earned: full, possible: full, message: "" };
    return { id, title, status, worth, earned, possible, message };
  }
  const checksOf = (item) => detail(item).parts.flatMap((part) => part[3].map(checkOf));

  // Many changes at once are quick only where the browser does not watch.
  function aside(change) {
    body.remove();
    change();
    get("class").append(body);
  }

  // --- Which rows are shown, in which order -------------------------------------------------------------------------

  let page = 0;
  let sorted = { column: -1, sign: 1 };
  let only = null; // { words, holds }: only those who lost points at one check, or for whom one reason is open

  function matches(item) {
    const [kind, value] = [get("state").value.split(" ")[0], get("state").value.replace(/^\w+ /, "")];
    const words = get("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    return (
      (!kind || item.row.dataset[kind] === value) &&
      (!get("with-open").checked || "open" in item.row.dataset) &&
      (!get("awaiting").checked || "awaiting" in item.row.dataset) &&
      (!only || only.holds(item)) &&
      words.every((word) => text(item).includes(word))
    );
  }

  function show() {
    let place = 0;
    for (const item of rows) {
      item.row.hidden = !item.shown;
      const off = item.shown && Math.floor(place++ / PAGE) !== page;
      item.row.classList.toggle("off", off);
      if (item.pane) {
        item.pane.hidden = !item.shown || item.button.ariaExpanded !== "true";
        item.pane.classList.toggle("off", off);
      }
    }
    const first = Math.min(place, page * PAGE + 1);
    const last = Math.min(place, (page + 1) * PAGE);
    const all = rows.length === place ? "" : ` of ${rows.length} learners`;
    get("shown").textContent = place ? `${place}${all || " learners"}` : "nobody matches";
    get("page").textContent = `${first} to ${last} of ${place}`;
    get("pages").hidden = place <= PAGE;
    get("back").disabled = page === 0;
    get("on").disabled = last >= place;
    get("only").hidden = !only;
    get("only").textContent = only ? `Only ${only.words} ✕` : "";
  }

  function filter() {
    for (const item of rows) item.shown = matches(item);
    page = 0;
    aside(show);
  }

  function keyOf(item) {
    const cell = item.row.cells[sorted.column];
    const value = cell.dataset.value ?? cell.textContent.trim();
    return value === "" ? null : cell.classList.contains("num") ? Number(value) : value;
  }

  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  function sort(column) {
    // A third time brings back the order of the roster.
    if (sorted.column !== column) sorted = { column, sign: 1 };
    else sorted = sorted.sign === 1 ? { column, sign: -1 } : { column: -1, sign: 1 };
    const key = new Map();
    if (sorted.column >= 0) for (const item of rows) key.set(item, keyOf(item));
    rows.sort((one, other) => {
      const [a, b] = [key.get(one) ?? null, key.get(other) ?? null];
      if (a === null || b === null) return (a === null) - (b === null) || one.place - other.place;
      return sorted.sign * (typeof a === "number" ? a - b : collator.compare(a, b)) || one.place - other.place;
    });
    [...get("class").tHead.rows[0].cells].forEach((head, place) => {
      if (place === sorted.column) head.ariaSort = sorted.sign === 1 ? "ascending" : "descending";
      else head.removeAttribute("aria-sort");
    });
    page = 0;
    aside(() => {
      body.append(...rows.flatMap((item) => (item.pane ? [item.row, item.pane] : [item.row])));
      show();
    });
  }

  // --- One learner --------------------------------------------------------------------------------------------------

  function checkLine(check) {
    const lost = check.worth - check.possible;
    const open = check.possible - check.earned;
    const words = [lost > 0 ? `−${number(lost)}` : "", open > 0 ? `${number(open)} open` : ""].filter(Boolean);
    return make(
      "li",
      { class: lost > 0 ? "lost" : "open" },
      make("b", {}, words.join(", ") || "not scored"),
      make("div", {}, check.title, " ", make("small", {}, facts.words[check.status]), make("p", {}, check.message)),
    );
  }

  function partLines([id, earned, possible, found]) {
    const [title, worth] = facts.parts[id] ?? [id, null];
    const checks = found.map(checkOf);
    const rest = checks.filter((check) => check.status !== "passed" || check.earned < check.worth);
    const passed = checks.length - rest.length;
    const score = number(earned) + (worth === null ? "" : ` of ${number(worth)}`);
    const open = possible > earned ? `, up to ${number(possible)}` : "";
    const count = passed === 0 ? "" : ` · ${passed} ${passed === 1 ? "check" : "checks"} passed`;
    return [
      make("h3", {}, title, make("small", {}, score + open + count)),
      ...(rest.length ? [make("ul", {}, ...rest.map(checkLine))] : []),
    ];
  }

  function paneOf(item) {
    const { message, facts: known, parts, penalties } = detail(item);
    const pane = make("div", { class: "pane" });
    if (message) pane.append(make("p", {}, message));
    pane.append(make("dl", {}, ...known.map(([word, value]) => make("div", {}, make("dt", {}, word), make("dd", {}, value)))));
    for (const part of parts) pane.append(...partLines(part));
    if (penalties.length) {
      const lines = penalties.map(([title, lost, why]) =>
        make("li", { class: "lost" }, make("b", {}, `−${number(lost)}`), make("div", {}, title, make("p", {}, why))),
      );
      pane.append(make("h3", {}, "Penalties"), make("ul", {}, ...lines));
    }
    const link = item.row.querySelector("th a");
    if (link) pane.append(make("p", {}, make("a", { href: link.getAttribute("href") }, "The learner's feedback")));
    return pane;
  }

  function toggle(item) {
    const opens = item.button.ariaExpanded !== "true";
    if (!item.pane) {
      const id = `detail-${item.place}`;
      const cell = make("td", { colspan: item.row.cells.length }, paneOf(item));
      item.pane = make("tr", { class: "detail", id }, cell);
      item.row.after(item.pane);
      item.button.setAttribute("aria-controls", id);
    }
    item.button.ariaExpanded = String(opens);
    item.pane.hidden = !opens;
  }

  // --- The controls -------------------------------------------------------------------------------------------------

  function begin() {
    for (const item of rows) {
      const name = item.row.cells[0].firstElementChild;
      item.button = make("button", { type: "button", class: "plain", "aria-expanded": "false" });
      name.replaceWith(item.button);
      item.button.append(name);
    }
    show();
  }
  body.addEventListener("click", (event) => {
    const button = event.target.closest("th > button");
    if (button) toggle(rows.find((item) => item.button === button));
  });
  [...get("class").tHead.rows[0].cells].forEach((head, column) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(column));
  });
  for (const id of ["find", "state", "with-open", "awaiting"]) get(id).addEventListener("input", filter);
  function turn(by) {
    page += by;
    aside(show);
    get("learners").scrollIntoView();
  }
  get("back").addEventListener("click", () => turn(-1));
  get("on").addEventListener("click", () => turn(1));
  function narrow(condition) {
    only = condition;
    filter();
  }
  get("only").addEventListener("click", () => {
    narrow(null);
    get("find").focus();
  });
  function leads(place, condition) {
    const who = place.querySelector(".who");
    const button = make("button", { type: "button", class: "plain", title: "Show these learners" }, ...who.childNodes);
    who.append(button);
    button.addEventListener("click", () => {
      narrow(condition);
      get("learners").scrollIntoView();
      get("only").focus({ preventScroll: true });
    });
  }
  for (const line of document.querySelectorAll("[data-check]")) {
    const lost = (check) => check.id === line.dataset.check && check.possible < check.worth;
    const title = line.cells[0].firstChild.textContent.trim();
    leads(line, { words: `who lost points at “${title}”`, holds: (item) => checksOf(item).some(lost) });
  }
  for (const line of document.querySelectorAll("[data-status]:not([data-status=''])")) {
    const { status, message } = line.dataset;
    const open = (check) => check.status === status && check.message === message && check.possible > check.earned;
    const whole = (item) => item.row.dataset.state === "open" && detail(item).message === message;
    leads(line, {
      words: `with this reason: ${message || facts.words[status] || "open"}`,
      holds: status in facts.words ? (item) => checksOf(item).some(open) : whole,
    });
  }
  get("tools").hidden = false;
  aside(begin);

  // --- The charts ---------------------------------------------------------------------------------------------------

  const STYLE = { className: "chart", height: 240, marginLeft: 44, marginTop: 24, style: { background: "none", fontSize: "13px" } };
  const few = (highest) => Math.min(highest, 6); // ticks: nobody is half a learner
  const whole = (value) => (Number.isInteger(value) ? String(value) : "");

  const CHARTS = {
    scores(width) {
      const bars = facts.scores.flatMap(([x1, x2, final, open]) => [
        { x1, x2, y1: 0, y2: final, fill: "var(--done-fill)" },
        { x1, x2, y1: final, y2: final + open, fill: "var(--open-fill)" },
      ]);
      return Plot.plot({
        ...STYLE,
        width,
        marginBottom: 42,
        x: { domain: [0, facts.scores.at(-1)[1]], label: "score, percent of the full mark", labelAnchor: "center", labelArrow: "none", ticks: width < 500 ? 5 : 10 },
        y: { label: "learners", labelArrow: "none", tickFormat: whole, ticks: few(Math.max(...bars.map((bar) => bar.y2))), grid: true, nice: true },
        marks: [
          Plot.rectY(bars.filter((bar) => bar.y2 > bar.y1), { x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "fill", insetLeft: 1, insetRight: 1 }),
          Plot.ruleX([facts.pass], { stroke: "var(--text)", strokeDasharray: "4,3" }),
          Plot.text([facts.pass], { x: (value) => value, text: () => "pass mark", frameAnchor: "top", dy: -14, fill: "var(--text)" }),
          Plot.ruleY([0], { stroke: "var(--muted)" }),
        ],
      });
    },
    times(room) {
      const width = Math.min(room, 80 + 120 * facts.times.length);
      const tight = width / facts.times.length < 110;
      return Plot.plot({
        ...STYLE,
        width,
        marginBottom: tight ? 72 : 30,
        x: { label: null, domain: facts.times.map(([label]) => label), tickRotate: tight ? -35 : 0, padding: 0.15 },
        y: { label: "submissions", labelArrow: "none", tickFormat: whole, ticks: few(Math.max(...facts.times.map(([, count]) => count))), grid: true, nice: true },
        marks: [
          Plot.barY(facts.times, { x: "0", y: "1", fill: "var(--done-fill)" }),
          Plot.ruleY([0], { stroke: "var(--muted)" }),
        ],
      });
    },
  };

  function draw(figure) {
    const width = figure.parentElement.clientWidth;
    if (!width || figure.dataset.width === String(width)) return;
    figure.dataset.width = width;
    const chart = CHARTS[figure.dataset.chart](Math.min(width, 928));
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", `${figure.getAttribute("aria-label")}; the table below has the numbers`);
    // The library labels the groups inside, too, which a picture must not have.
    for (const group of chart.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
    figure.replaceChildren(chart);
  }
  const figures = document.querySelectorAll("figure[data-chart]");
  const watch = new ResizeObserver(() => figures.forEach(draw));
  watch.observe(document.querySelector("main"));
  figures.forEach(draw);
})();
