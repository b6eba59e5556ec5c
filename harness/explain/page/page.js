"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const violation = data.violation;
  const steps = data.operations.length;  // step s: the state after s of the operations shown
  const guiltyStep = violation ? violation.operation - data.first + 1 : null;
  let step = guiltyStep ?? steps;

  // ---- Numbers for people

  const bytes = (n) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    for (; n >= 1024 && unit < units.length - 1; ++unit) n /= 1024;
    return (unit === 0 ? String(n) : n.toFixed(1)) + " " + units[unit];
  };
  const regionName = (region) => (region === 0 ? "break" : "m" + region);
  const placeName = (region, offset) => regionName(region) + "+0x" + offset.toString(16);
  const number = (s) => data.first + s;  // of the operation that step s ends with, from 1

  // ---- Data, made whole: what did not change from one frame to the next is null

  {
    const last = {regions: [], resident: [], spans: []};
    for (const frame of data.frames) {
      for (const key of Object.keys(last)) {
        if (frame[key] === null) frame[key] = last[key];
        last[key] = frame[key];
      }
      frame.held = frame.regions.reduce((sum, part) => sum + (part[3] ? part[2] : 0), 0);
      frame.inMemory = frame.resident.reduce((sum, part) => sum + part[2], 0);
    }
  }
  const frameAt = (s) => data.frames[Math.min(s, data.frames.length - 1)] ??
    {live: 0, held: 0, inMemory: 0, regions: [], resident: [], spans: []};
  const isLive = (block, s) => block.from <= number(s) && (block.until === null || block.until > number(s));
  const isGuilty = (block) => violation !== null && violation.block !== null && block.from === violation.block + 1;

  // ---- A scale for each region: every piece between two boundaries as long as the logarithm of its length

  const lanes = (() => {
    const edges = new Map();
    const note = (region, ...offsets) => {
      if (!edges.has(region)) edges.set(region, new Set());
      for (const offset of offsets) edges.get(region).add(offset);
    };
    for (const block of data.blocks) {
      const [region, offset, usable] = block.place;
      note(region, offset, offset + Math.min(block.payload, usable), offset + Math.max(usable, 1));
    }
    // Regions that never hold a block are listed in the table, but would only take room here.
    for (const frame of data.frames) {
      for (const [region, offset, length] of frame.regions) {
        if (edges.has(region)) note(region, offset, offset + length);
      }
    }
    const all = [...edges].map(([region, set]) => {
      const points = [...set].sort((a, b) => a - b);
      const at = [0];
      for (let i = 1; i < points.length; ++i) at.push(at[i - 1] + Math.log2(1 + points[i] - points[i - 1]));
      return {region, points, at, length: at[at.length - 1] || 1};
    });
    all.sort((a, b) => a.region - b.region);
    return all;
  })();
  const scaleIn = (lane, offset) => {  // 0 to lane.length
    const {points, at} = lane;
    let low = 0, high = points.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (points[middle] <= offset) low = middle; else high = middle - 1;
    }
    if (offset <= points[0]) return 0;
    if (low === points.length - 1) return lane.length;
    const share = Math.log2(1 + offset - points[low]) / Math.log2(1 + points[low + 1] - points[low]);
    return at[low] + share * (at[low + 1] - at[low]);
  };

  // ---- Canvases

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const left = 62, right = 10;
  const prepare = (canvas, height) => {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.parentElement.clientWidth;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = "12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
    return {g, width, height, plot: Math.max(width - left - right, 10)};
  };
  // Step s is a column; its state is drawn from the column's left to its right edge.
  const columnAt = (area, s) => left + area.plot * s / (steps + 1);
  const stepAt = (canvas, event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left - left;
    const plot = canvas.clientWidth - left - right;
    return Math.max(0, Math.min(steps, Math.floor(x / plot * (steps + 1))));
  };
  const drawCursor = (area) => {
    const {g, height} = area;
    const mark = (s, stroke, width) => {
      const from = columnAt(area, s), to = columnAt(area, s + 1);
      g.save();
      g.globalAlpha = 0.16;
      g.fillStyle = stroke;
      g.fillRect(from, 0, Math.max(to - from, 1), height);
      g.restore();
      g.strokeStyle = stroke;
      g.lineWidth = width;
      g.beginPath();
      g.moveTo((from + to) / 2, 0);
      g.lineTo((from + to) / 2, height);
      g.stroke();
    };
    if (guiltyStep !== null && guiltyStep !== step) mark(guiltyStep, color("bad"), 1);
    mark(step, step === guiltyStep ? color("bad") : color("accent"), 2);
  };

  const drawChart = () => {
    const area = prepare($("chart"), 150);
    const {g} = area, top = 10, bottom = 138;
    let most = 1;
    for (const frame of data.frames) most = Math.max(most, frame.held, frame.inMemory, frame.live);
    const y = (n) => bottom - (bottom - top) * n / most;
    g.strokeStyle = color("line");
    g.fillStyle = color("muted");
    g.lineWidth = 1;
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (const share of [0, 0.5, 1]) {
      g.beginPath();
      g.moveTo(left, y(most * share));
      g.lineTo(left + area.plot, y(most * share));
      g.stroke();
      g.fillText(bytes(Math.round(most * share)).replace(/\.0 /, " "), left - 6, y(most * share));
    }
    const series = (key, fill, stroke) => {
      g.beginPath();
      g.moveTo(left, y(0));
      for (let s = 0; s <= steps; ++s) {
        const value = y(frameAt(s)[key]);
        g.lineTo(columnAt(area, s), value);
        g.lineTo(columnAt(area, s + 1), value);
      }
      g.lineTo(columnAt(area, steps + 1), y(0));
      g.closePath();
      g.fillStyle = fill;
      g.fill();
      g.strokeStyle = stroke;
      g.lineWidth = 1.25;
      g.stroke();
    };
    series("held", color("held"), color("muted"));
    series("inMemory", color("resident"), color("resident"));
    g.globalAlpha = 0.55;
    series("live", color("t0"), color("t0"));
    g.globalAlpha = 1;
    drawCursor(area);
  };

  const gap = 14;
  const mapHeight = () => Math.max(180, Math.min(560, lanes.reduce((sum, lane) => sum + 40 + lane.points.length * 6, 0)));
  const drawMap = () => {
    const area = prepare($("map"), mapHeight());
    const {g, height} = area;
    const room = height - gap * Math.max(lanes.length - 1, 0);
    const total = lanes.reduce((sum, lane) => sum + lane.length, 0) || 1;
    let y = height;  // low addresses at the bottom, as in maps of memory
    for (const lane of lanes) {
      const share = Math.max(room * lane.length / total, 12);
      const base = y;
      const yOf = (offset) => base - share * scaleIn(lane, offset) / lane.length;
      drawLane(area, lane, yOf);
      g.fillStyle = color("muted");
      g.textAlign = "right";
      g.textBaseline = "middle";
      g.fillText(regionName(lane.region), left - 6, base - share / 2);
      y -= share + gap;
    }
    if (lanes.length === 0) {
      g.fillStyle = color("muted");
      g.fillText("no block was handed out", left, height / 2);
    }
    drawCursor(area);
  };

  // Runs of columns with the same rectangle are one rectangle.
  const drawLane = (area, lane, yOf) => {
    const {g} = area;
    const paint = (key, fill) => {
      for (let s = 0; s <= steps;) {
        const parts = frameAt(s)[key];
        let end = s + 1;
        while (end <= steps && frameAt(end)[key] === parts) ++end;
        const x = columnAt(area, s), width = columnAt(area, end) - x;
        for (const part of parts) {
          if (part[0] !== lane.region) continue;
          const y1 = yOf(part[1] + part[2]), y2 = yOf(part[1]);
          g.fillStyle = fill(part);
          g.fillRect(x, y1, width, Math.max(y2 - y1, 0.5));
        }
        s = end;
      }
    };
    paint("regions", (part) => color(part[3] ? "held" : "reserved"));
    const inMemory = color("resident");
    paint("resident", () => inMemory);
    drawSpanEdges(area, lane, yOf);
    for (const block of data.blocks) {
      if (block.place[0] === lane.region) drawBlock(area, block, yOf);
    }
  };
  // Where the allocator tells: a line where each span begins.
  const drawSpanEdges = (area, lane, yOf) => {
    const {g} = area;
    g.fillStyle = color("span");
    for (let s = 0; s <= steps;) {
      const spans = frameAt(s).spans;
      let end = s + 1;
      while (end <= steps && frameAt(end).spans === spans) ++end;
      const x = columnAt(area, s), width = columnAt(area, end) - x;
      for (const [region, offset] of spans) {
        if (region === lane.region) g.fillRect(x, yOf(offset) - 1, width, 1);
      }
      s = end;
    }
  };
  const drawBlock = (area, block, yOf) => {
    const {g} = area;
    const from = Math.max(block.from - data.first, 0);
    const until = block.until === null ? steps + 1 : Math.min(block.until - data.first, steps + 1);
    const x = columnAt(area, from), width = Math.max(columnAt(area, until) - x, 1);
    const [, offset, usable] = block.place;
    const y1 = yOf(offset + Math.max(usable, 1)), y2 = yOf(offset), height = Math.max(y2 - y1, 1);
    const payloadTop = yOf(offset + Math.min(block.payload, usable));
    const inset = width > 6 ? 1 : 0, trim = height > 4 ? 0.75 : 0;
    g.fillStyle = color("t" + block.thread % 8);
    g.globalAlpha = 0.85;
    g.fillRect(x + inset, y1 + trim, width - 2 * inset, height - 2 * trim);
    g.globalAlpha = 1;
    if (payloadTop > y1 + 1) {
      g.fillStyle = color("slack");
      g.fillRect(x + inset, y1 + trim, width - 2 * inset, Math.min(payloadTop, y2) - y1 - trim);
    }
    if (isGuilty(block)) {
      g.strokeStyle = color("bad");
      g.lineWidth = 2;
      g.strokeRect(x + 1, y1, Math.max(width - 2, 2), height);
    }
    if (block.name && width > 22 && height > 14) {
      g.fillStyle = color("panel");
      g.textAlign = "left";
      g.textBaseline = "middle";
      g.fillText(block.name, x + 6, (y1 + y2) / 2, width - 8);
    }
  };

  // ---- Tables of one step

  const cell = (row, text, className) => {
    const td = row.insertCell();
    td.textContent = text;
    if (className) td.className = className;
    return td;
  };
  const head = (table, ...titles) => {
    table.replaceChildren();
    const row = table.createTHead().insertRow();
    for (const title of titles) {
      const th = document.createElement("th");
      th.textContent = title.replace(/^#/, "");
      if (title.startsWith("#")) th.className = "number";
      row.append(th);
    }
    return table.createTBody();
  };

  const showRegions = () => {
    const frame = frameAt(step);
    const body = head($("regions"), "region", "#held", "#resident", "#live", "#blocks");
    for (const [region, offset, length, accessible] of frame.regions) {
      const inside = (part) => part[0] === region && part[1] >= offset && part[1] < offset + length;
      const blocks = data.blocks.filter((block) => isLive(block, step) && inside(block.place));
      const row = body.insertRow();
      cell(row, offset === 0 ? regionName(region) : placeName(region, offset));
      cell(row, bytes(length) + (accessible ? "" : ", reserved only"), "number");
      cell(row, bytes(frame.resident.filter(inside).reduce((sum, part) => sum + part[2], 0)), "number");
      cell(row, bytes(blocks.reduce((sum, block) => sum + block.payload, 0)), "number");
      cell(row, String(blocks.length), "number");
    }
    if (frame.regions.length === 0) cell(body.insertRow(), "nothing is held of the kernel yet").colSpan = 5;
  };

  // The blocks around the one that this step is about, with what lies between them.
  const showBlocks = () => {
    const body = head($("blocks"), "address", "#length", "what");
    const live = data.blocks.filter((block) => isLive(block, step))
        .sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1]);
    let centre = live.findIndex((block) => block.from === number(step));
    if (centre < 0 || step === guiltyStep) {
      const guilty = live.findIndex(isGuilty);
      if (guilty >= 0) centre = guilty;
    }
    if (centre < 0) centre = live.length - 1;
    const begin = Math.max(centre - 8, 0), end = Math.min(centre + 9, live.length);
    if (begin > 0) cell(body.insertRow(), `${begin} more blocks below`, "wide").colSpan = 3;
    let region = -1, at = 0, span = null;
    for (const block of live.slice(begin, end)) {
      const [where, offset, usable] = block.place;
      if (where !== region) { region = where; at = begin === 0 ? 0 : offset; }
      if (offset > at) {
        const row = body.insertRow();
        row.className = "gap";
        cell(row, placeName(where, at));
        cell(row, (offset - at).toLocaleString("en") + " B", "number");
        cell(row, "no block", "wide");
      }
      const own = frameAt(step).spans.find((part) => part[0] === where && offset >= part[1] && offset < part[1] + part[2]);
      if (own && own !== span) {
        const row = body.insertRow();
        row.className = "span";
        cell(row, `span ${placeName(where, own[1])}, ${bytes(own[2])}: ${own[4]}`, "wide").colSpan = 3;
      }
      span = own ?? null;
      const row = body.insertRow();
      if (isGuilty(block)) row.className = "guilty";
      cell(row, placeName(where, offset));
      cell(row, usable.toLocaleString("en") + " B", "number");
      const slack = usable > block.payload ? `, ${(usable - block.payload).toLocaleString("en")} of slack` : "";
      const overlap = offset < at ? `, overlaps the one before by ${at - offset} B` : "";
      cell(row, `${block.name || "unnamed"}: ${block.payload.toLocaleString("en")} B${slack}${overlap}, by ${block.maker} (operation ${block.from})`, "wide");
      at = Math.max(at, offset + Math.max(usable, 1));
    }
    if (end < live.length) cell(body.insertRow(), `${live.length - end} more blocks above`, "wide").colSpan = 3;
    if (live.length === 0) cell(body.insertRow(), "no live block").colSpan = 3;
  };

  // ---- The step

  const items = [];
  const buildList = () => {
    const list = $("operations");
    const add = (label, text, back, s) => {
      const item = document.createElement("li");
      for (const [name, content] of [["number", label], ["text", text], ["back", back]]) {
        const span = document.createElement("span");
        span.className = name;
        span.textContent = content;
        if (content || name !== "back") item.append(span);
      }
      item.addEventListener("click", () => go(s));
      if (s === guiltyStep) item.classList.add("guilty");
      items.push(item);
      list.append(item);
    };
    add("", data.first === 0 ? "before the first operation" : `after ${data.first.toLocaleString("en")} operations`, "", 0);
    data.operations.forEach(([text, back], i) => add(String(data.first + i + 1), text, back && "→ " + back, i + 1));
  };

  const show = () => {
    items.forEach((item, s) => {
      item.classList.toggle("current", s === step);
      item.classList.toggle("later", s > step);
      if (s === step) item.setAttribute("aria-current", "step"); else item.removeAttribute("aria-current");
    });
    // Within the list only: the page itself stays where the reader has it.
    const list = $("operations"), item = items[step];
    if (item.offsetTop < list.scrollTop) list.scrollTop = item.offsetTop - 40;
    const below = item.offsetTop + item.offsetHeight - list.clientHeight;
    if (below > list.scrollTop) list.scrollTop = below + 40;
    $("slider").value = step;
    const what = step === 0 ? "before the first operation shown" : `operation ${number(step)}: ${data.operations[step - 1][0]}`;
    const back = step > 0 && data.operations[step - 1][1] ? ` → ${data.operations[step - 1][1]}` : "";
    $("position").textContent = what.replace(/ {2,}/g, " ") + back;
    $("now").textContent = step === 0 ? "before the first operation shown"
        : (step < data.frames.length ? "after" : "before the end of") + ` operation ${number(step)}`;
    const frame = frameAt(step);
    for (const [id, value] of [["live", frame.live], ["resident", frame.inMemory], ["held", frame.held]]) {
      $(id).textContent = bytes(value);
    }
    drawChart();
    drawMap();
    showRegions();
    showBlocks();
  };
  const go = (s) => {
    step = Math.max(0, Math.min(steps, s));
    show();
  };

  const showVerdict = () => {
    $("subject").textContent = data.subject;
    const headline = $("headline");
    if (violation === null) {
      headline.textContent = "No rule was broken";
      return;
    }
    const rule = document.createElement("span");
    rule.className = "rule";
    rule.textContent = violation.rule + " broken";
    const code = document.createElement("code");
    code.textContent = data.operations[guiltyStep - 1][0].replace(/ {2,}/g, " ");
    headline.append(rule, ` by operation ${violation.operation + 1}: `, code);
    document.title = `${violation.rule} broken by operation ${violation.operation + 1} - breakproof`;
    $("verdict").hidden = false;
    $("expected").textContent = violation.expected;
    $("actual").textContent = violation.actual;
    $("clause").textContent = `${violation.rule}: ${violation.title} (${violation.clause})`;
    $("guilty").hidden = false;
    $("to-guilty").hidden = false;
  };

  const listen = () => {
    $("slider").max = steps;
    $("slider").addEventListener("input", (event) => go(Number(event.target.value)));
    $("first").addEventListener("click", () => go(0));
    $("previous").addEventListener("click", () => go(step - 1));
    $("next").addEventListener("click", () => go(step + 1));
    $("last").addEventListener("click", () => go(steps));
    $("guilty").addEventListener("click", () => go(guiltyStep));
    for (const id of ["chart", "map"]) {
      $(id).addEventListener("pointerdown", (event) => go(stepAt($(id), event)));
      $(id).addEventListener("pointermove", (event) => { if (event.buttons & 1) go(stepAt($(id), event)); });
    }
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const keys = {
        ArrowRight: step + 1, ArrowDown: step + 1, ArrowLeft: step - 1, ArrowUp: step - 1,
        PageDown: step + 10, PageUp: step - 10, Home: 0, End: steps,
      };
      if (event.key in keys) go(keys[event.key]);
      else if ((event.key === "g" || event.key === "G") && guiltyStep !== null) go(guiltyStep);
      else return;
      event.preventDefault();
    });
    let pending = 0;
    window.addEventListener("resize", () => {
      cancelAnimationFrame(pending);
      pending = requestAnimationFrame(() => { drawChart(); drawMap(); });
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  };

  showVerdict();
  buildList();
  listen();
  show();
})();
