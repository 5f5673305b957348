(() => {
  "use strict";
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);

  const theme = byId("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const table = byId("table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const form = byId("filters");
  const query = byId("q");
  const shown = byId("shown");
  const choices = { "f-operator": 1, "f-level": 4, "f-verdict": 5 };
  let texts = null;

  for (const [id, column] of Object.entries(choices)) {
    const values = new Map();
    for (const row of rows) {
      const cell = row.cells[column];
      values.set(cell.textContent.trim(), Number(cell.dataset.k || 0));
    }
    const sorted = Array.from(values).sort((one, other) => one[1] - other[1] || one[0].localeCompare(other[0]));
    for (const [value] of sorted) byId(id).add(new Option(value, value));
  }

  const filter = () => {
    texts = texts || rows.map((row) => row.textContent.toLowerCase());
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Object.entries(choices).map(([id, column]) => [byId(id).value, column]).filter(([value]) => value);
    let count = 0;
    rows.forEach((row, at) => {
      const fits = words.every((word) => texts[at].includes(word))
        && wanted.every(([value, column]) => row.cells[column].textContent.trim() === value);
      if (row.hidden === fits) row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = shown.dataset.words.replace("{number}", String(count));
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  shown.textContent = shown.dataset.words.replace("{number}", String(rows.length));
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      query.focus();
    }
  });

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keys = new Map(rows.map((row) => {
        const cell = row.cells[column];
        return [row, cell.dataset.k === undefined ? cell.textContent : Number(cell.dataset.k)];
      }));
      const order = new Intl.Collator(root.lang, { numeric: true });
      const sign = down ? -1 : 1;
      rows.sort((one, other) => {
        const left = keys.get(one);
        const right = keys.get(other);
        return sign * (typeof left === "number" ? left - right : order.compare(left, right));
      });
      texts = null;
      body.replaceChildren(...rows);
    });
  });
})();
