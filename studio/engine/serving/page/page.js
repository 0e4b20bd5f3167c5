"use strict";

// Text is only ever put in as text; nothing of the model's becomes markup.

const MOST_BARS = 8;
const LONGEST = 2000;
const ABOUT = {
  images: "The bytes of a file; they are read, resized and prepared as in the training.",
  raw: "A row as the data have it; it is prepared as those of the training were.",
  serving_default: "What the model itself takes, prepared already.",
};
const byId = (id) => document.getElementById(id);

let about = null;
let fields = [];

function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function chosen() {
  const radio = document.querySelector("input[name=signature]:checked");
  return radio ? radio.value : about.order[0];
}

// Fields

function zeros(tensor) {
  let value = tensor.dtype === "string" ? "" : tensor.dtype === "bool" ? false : 0;
  for (const size of [...tensor.shape].reverse()) value = Array(size ?? 1).fill(value);
  return value;
}

function written(value) {
  const text = JSON.stringify(value);
  const rows = Array.isArray(value) && value.some(Array.isArray);
  if (!rows) return text.replaceAll(",", ", ");
  return `[\n${value.map((row) => " " + JSON.stringify(row)).join(",\n")}\n]`;
}

// A tensor of one value is one field without brackets.
const isOne = (tensor) => tensor.shape.every((size) => size === 1);
const isPicture = ({ shape, dtype }) =>
  dtype !== "string" && dtype !== "bool" &&
  (shape.length === 2 || (shape.length === 3 && [1, 3].includes(shape[2]))) &&
  shape[0] >= 4 && shape[1] >= 4;

function nested(value, tensor) {
  return tensor.shape.reduceRight((inner) => [inner], value);
}

function inner(value) {
  while (Array.isArray(value)) value = value[0];
  return value;
}

function read(field) {
  const { tensor, input } = field;
  if (tensor.image) {
    if (!field.b64) throw new Error("has no file yet");
    return { b64: field.b64 };
  }
  const text = input.value;
  if (isOne(tensor) && tensor.dtype === "string") return nested(text, tensor);
  if (isOne(tensor) && text.trim() === "") {
    if (tensor.missing) return nested(null, tensor);
    throw new Error("is empty");
  }
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(isOne(tensor) ? "is no number" : "is no list as JSON writes it");
  }
  return isOne(tensor) && !Array.isArray(value) ? nested(value, tensor) : value;
}

// How the base64 of each kind of file begins; the browser shows none by another name.
const KINDS = { iVBORw: "png", "/9j/": "jpeg", R0lGOD: "gif", Qk: "bmp" };
const kindOf = (b64) => Object.entries(KINDS).find(([begin]) => b64.startsWith(begin))?.[1];

function fileField(tensor, sample, index) {
  const id = `field-${index}`;
  const kinds = tensor.image.kinds.map((kind) => `image/${kind.toLowerCase()}`).join();
  const input = make("input", { type: "file", id, accept: kinds });
  input.setAttribute("aria-describedby", `${id}-wrong`);
  const { height, width } = tensor.image;
  const size = make("code", {}, `${tensor.image.kinds.join(", ")} → ${height} × ${width}`);
  const label = make("label", { htmlFor: id }, make("span", {}, "file"), size);
  const wrong = make("span", { id: `${id}-wrong`, className: "wrong", hidden: true });
  const picture = make("img", { alt: "", hidden: true });
  picture.addEventListener("load", () => picture.classList.toggle("small", picture.naturalWidth < 64));
  const name = make("p", { className: "file-name" });
  const choose = make("p", {}, input, make("label", { htmlFor: id, className: "choose" }, "Choose a file"), " or drop one here");
  const zone = make("div", { className: "zone" }, picture, make("div", {}, name, choose));
  const field = { tensor, input, wrong, canvas: null, picture, name, zone };
  field.box = make("div", { className: "field wide" }, label, zone, wrong);
  input.addEventListener("change", () => take(field, input.files[0]));
  if (sample) show(field, sample.b64, "");
  return field;
}

function show(field, b64, fileName) {
  const kind = kindOf(b64);
  field.b64 = b64;
  field.fileName = fileName || `image.${kind ?? "png"}`;
  field.name.textContent = fileName || (about.split ? `A file of the ${about.split} split` : "A file of the data");
  field.picture.hidden = !kind;
  field.picture.alt = fileName ? `the chosen file ${fileName}` : "the file to begin with";
  if (kind) field.picture.src = `data:image/${kind};base64,${b64}`;
  else field.picture.removeAttribute("src");
}

function take(field, file) {
  if (!file) return;
  complain(field, file.size ? "" : `${file.name} is empty.`);
  if (!file.size) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    if (!fields.includes(field)) return; // another signature was chosen meanwhile
    show(field, reader.result.slice(reader.result.indexOf(",") + 1), file.name);
    showCurl();
  });
  reader.addEventListener("error", () => complain(field, `${file.name} can't be read.`));
  reader.readAsDataURL(file);
}

// Files may be dropped anywhere: a browser would leave the page for one that misses the zone.
function dragged(event) {
  const field = fields.find(({ zone }) => zone);
  if (!field || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  const over = event.type === "dragover";
  field.zone.classList.toggle("over", over);
  if (over) event.dataTransfer.dropEffect = "copy";
  if (event.type === "drop") {
    field.input.value = "";
    take(field, event.dataTransfer.files[0]);
  }
}

function fieldFor(tensor, sample, index) {
  if (tensor.image) return fileField(tensor, sample, index);
  const value = sample ?? zeros(tensor);
  const one = isOne(tensor);
  const long = one && tensor.dtype === "string" && String(inner(value)).length > 24;
  const short = one || (tensor.shape.length === 1 && tensor.shape[0] !== null && tensor.shape[0] <= 4);
  const id = `field-${index}`;
  const text = one ? String(inner(value) ?? "") : written(value);
  const input = short && !long
    ? make("input", { type: "text", id, value: text, autocomplete: "off", spellcheck: false })
    : make("textarea", { id, value: text, spellcheck: false, rows: long ? 3 : Math.min(10, text.split("\n").length) });
  if (long) input.className = "text";
  input.setAttribute("aria-describedby", `${id}-wrong`);
  const size = tensor.shape.map((each) => each ?? "any").join(" × ");
  const kind = make("code", {}, size && !one ? `${size} of ${tensor.dtype}` : tensor.dtype);
  const label = make("label", { htmlFor: id }, make("span", {}, tensor.name), kind);
  const wrong = make("span", { id: `${id}-wrong`, className: "wrong", hidden: true });
  const field = { tensor, input, wrong, canvas: null };
  const box = make("div", { className: short && !long ? "field" : "field wide" }, label);
  if (isPicture(tensor)) {
    field.canvas = make("canvas", { role: "img" });
    field.canvas.setAttribute("aria-label", `${tensor.name} as a picture`);
    box.append(make("div", { className: "with-picture" }, field.canvas, input));
  } else {
    box.append(input);
  }
  box.append(wrong);
  input.addEventListener("input", () => {
    complain(field, "");
    draw(field);
    showCurl();
  });
  field.box = box;
  return field;
}

function complain(field, sentence) {
  field.wrong.textContent = sentence;
  field.wrong.hidden = !sentence;
  field.input.setAttribute("aria-invalid", sentence ? "true" : "false");
}

function draw(field) {
  if (!field.canvas) return;
  let value;
  try {
    value = read(field);
    paint(field.canvas, value);
  } catch {
    // While it is being written, it is no picture.
  }
}

function paint(canvas, value) {
  const height = value.length;
  const width = value[0].length;
  const all = value.flat(3);
  if (!all.every(Number.isFinite)) return;
  const low = Math.min(...all);
  const span = Math.max(...all) - low || 1;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = [value[y][x]].flat();
      const at = 4 * (y * width + x);
      for (let c = 0; c < 3; c++) {
        picture.data[at + c] = 255 * ((pixel[c % pixel.length] - low) / span);
      }
      picture.data[at + 3] = 255;
    }
  }
  context.putImageData(picture, 0, 0);
}

function showFields() {
  const signature = about.signatures[chosen()];
  const sample = about.samples[chosen()];
  fields = signature.inputs.map((tensor, at) => fieldFor(tensor, sample?.[tensor.name], at));
  byId("fields").replaceChildren(...fields.map((field) => field.box));
  fields.forEach(draw);
  const whose = about.split ? `the ${about.split} split` : "the data";
  const file = fields.some(({ zone }) => zone);
  byId("origin").textContent = ABOUT[chosen()] + (sample && !file ? ` This one is of ${whose}.` : "");
  byId("reset").hidden = !sample;
  byId("reset").textContent = file ? "Put the first file back" : "Put the row back";
  showCurl();
}

// Requests

function request() {
  const name = chosen();
  const signature = about.signatures[name];
  const row = {};
  let bad = null;
  for (const field of fields) {
    try {
      row[field.tensor.name] = read(field);
    } catch (error) {
      bad ??= { field, sentence: `${field.tensor.name} ${error.message}.` };
    }
  }
  if (bad) throw bad;
  const one = signature.inputs.length === 1 ? row[signature.inputs[0].name] : row;
  const rows = Array(signature.rows ?? 1).fill(one);
  return name === about.default ? { instances: rows } : { signature_name: name, instances: rows };
}

const path = () => `/v1/models/${about.name}:predict`;

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function showCurl() {
  let text;
  try {
    text = JSON.stringify(request());
  } catch {
    return;
  }
  const [field] = fields;
  let before = "";
  let body = text.length > LONGEST ? "@request.json" : quoted(text);
  if (field.zone) {
    // The shell's own printf takes a file of any length.
    const request = quoted(text.replaceAll("%", "%%").replace(field.b64, "%s"));
    const name = /^[\w.-]+$/.test(field.fileName) ? field.fileName : quoted(field.fileName);
    before = `printf ${request} \\\n  "$(base64 < ${name} | tr -d '\\n')" |\n`;
    body = "@-";
  }
  byId("curl").textContent =
    `${before}curl ${location.origin}${path()} \\\n  -H 'Content-Type: application/json' \\\n  -d ${body}`;
}

async function ask(event) {
  event.preventDefault();
  fields.forEach((field) => complain(field, ""));
  let body;
  try {
    body = JSON.stringify(request());
  } catch (bad) {
    complain(bad.field, bad.sentence);
    bad.field.input.focus();
    return;
  }
  const button = byId("ask");
  button.disabled = true;
  button.textContent = "Predicting…";
  const began = performance.now();
  try {
    const response = await fetch(path(), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    const answer = await response.json();
    if (response.ok) showAnswer(answer, performance.now() - began);
    else showError(answer.error, response.status);
  } catch {
    showError("The server doesn't answer. Is it still running?", "");
  } finally {
    button.disabled = false;
    button.textContent = "Predict";
    showState();
  }
}

// Answers

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

function softmax(values) {
  const most = Math.max(...values);
  const powers = values.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

function percent(share) {
  const value = 100 * share;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  return `${value >= 99.95 && value < 100 ? "> 99.9" : value.toFixed(1)} %`;
}

function bars(pairs, marked) {
  const shown = pairs.slice(0, MOST_BARS);
  const list = make("ul", { className: "bars" });
  for (const [name, share] of shown) {
    const bar = make("span");
    bar.style.width = `${100 * Math.max(0, Math.min(1, share))}%`;
    const track = make("span", { className: "track" }, bar);
    track.setAttribute("aria-hidden", "true");
    list.append(
      make(
        "li",
        { className: marked(name, share) ? "first" : "" },
        make("span", { className: "name" }, name),
        make("span", { className: "share" }, percent(share)),
        track,
      ),
    );
  }
  const more = pairs.length - shown.length;
  return more > 0 ? [list, make("p", { className: "more" }, `and ${more} less likely`)] : [list];
}

function headline(text, aside = "") {
  return make("p", { className: "headline" }, make("span", {}, text), make("small", {}, aside));
}

function valuesOf(value) {
  if (!Array.isArray(value)) return [headline(shortly(value))];
  if (value.length === 1 && !Array.isArray(value[0])) return [headline(shortly(value[0]))];
  const text = make("p", { className: "values" }, JSON.stringify(value, (_, x) => rounded(x)).replaceAll(",", ", "));
  if (Array.isArray(value[0]) && isPicture({ dtype: "float32", shape: shapeOf(value) })) {
    const canvas = make("canvas", { role: "img" });
    canvas.setAttribute("aria-label", "the output as a picture");
    paint(canvas, value);
    return [canvas, text];
  }
  return [text];
}

function shapeOf(value) {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

const rounded = (x) => (typeof x === "number" ? Number(x.toPrecision(5)) : x);
const shortly = (x) => (typeof x === "number" ? String(Number(x.toPrecision(6))) : String(x));

function shownOutput(value, label) {
  if (label?.kind === "classes" && Array.isArray(value) && !Array.isArray(value[0])) {
    const shares = label.logits ? softmax(value) : value;
    const pairs = label.names.map((name, at) => [name, shares[at]]);
    pairs.sort((a, b) => b[1] - a[1]);
    return [headline(pairs[0][0], percent(pairs[0][1])), ...bars(pairs, (name) => name === pairs[0][0])];
  }
  if (label?.kind === "binary") {
    const second = label.logits ? sigmoid(inner(value)) : inner(value);
    const pairs = [[label.names[0], 1 - second], [label.names[1], second]];
    pairs.sort((a, b) => b[1] - a[1]);
    return [headline(pairs[0][0], percent(pairs[0][1])), ...bars(pairs, (name) => name === pairs[0][0])];
  }
  if (label?.kind === "labels" && Array.isArray(value)) {
    const shares = label.logits ? value.map(sigmoid) : value;
    const pairs = label.names.map((name, at) => [name, shares[at]]);
    pairs.sort((a, b) => b[1] - a[1]);
    const there = pairs.filter(([, share]) => share > 0.5).map(([name]) => name);
    return [headline(there.join(", ") || "none"), ...bars(pairs, (_, share) => share > 0.5)];
  }
  return valuesOf(value);
}

function showAnswer(answer, took) {
  const outputs = about.signatures[chosen()].outputs;
  const row = answer.predictions[0];
  const named = outputs.length === 1 ? { [outputs[0].name]: row } : row;
  const parts = outputs.map(({ name }) =>
    make("div", { className: "output" }, make("h3", {}, name), ...shownOutput(named[name], about.labels[name])),
  );
  parts.push(make("p", { className: "took" }, `answered in ${Math.max(1, Math.round(took))} ms`));
  byId("answer").replaceChildren(...parts);
  byId("json").textContent = JSON.stringify(answer, null, 1);
  byId("whole").hidden = false;
}

function showError(sentence, status) {
  const kind = make("strong", {}, status ? `${status} ` : "");
  byId("answer").replaceChildren(make("p", { className: "error", role: "alert" }, kind, sentence));
  byId("whole").hidden = true;
}

async function showState() {
  const state = byId("state");
  let found = "GONE";
  try {
    const response = await fetch(`/v1/models/${about.name}`);
    found = (await response.json()).model_version_status[0].state;
  } catch {
    // The server has ended.
  }
  state.dataset.state = found;
  state.textContent = { AVAILABLE: "ready", LOADING: "loading the model" }[found] ?? "not running";
}

async function copy() {
  try {
    await navigator.clipboard.writeText(byId("curl").textContent);
    byId("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(byId("curl"));
    byId("copy").textContent = "Selected";
  }
  setTimeout(() => { byId("copy").textContent = "Copy"; }, 1500);
}

async function begin() {
  about = await (await fetch("/page.json")).json();
  showFields();
  showState();
  for (const radio of document.querySelectorAll("input[name=signature]")) {
    radio.addEventListener("change", showFields);
  }
  byId("form").addEventListener("submit", ask);
  byId("reset").addEventListener("click", showFields);
  byId("copy").addEventListener("click", copy);
  for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, dragged);
  setInterval(showState, 5000);
}

begin();
