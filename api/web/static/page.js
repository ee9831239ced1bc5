// Hash first: the browser computes the SHA-256 and sends only that; the bytes go out on a second click.
// The answer is the same fragment that the page shows without this script.
"use strict";

(() => {
  const form = document.getElementById("ask");
  const input = document.getElementById("file");
  const drop = document.getElementById("drop");
  const send = document.getElementById("send");
  const chosen = document.getElementById("chosen");
  const preview = document.getElementById("preview");
  const status = document.getElementById("status");
  const answer = document.getElementById("answer");
  const words = form.dataset;
  // WebCrypto takes the whole file at once; above this the upload is the better way.
  const MAX_HASHED_BYTES = 512 * 1024 * 1024;
  const canHash = Boolean(globalThis.crypto && crypto.subtle);
  let turn = 0;

  document.documentElement.classList.add("scripted");
  document.getElementById("hint").textContent = words.hint;
  send.hidden = true;

  const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

  async function ask(body, file, mine) {
    const reply = await fetch("/answer", { method: "POST", body });
    const html = await reply.text();
    if (mine !== turn) return;
    answer.innerHTML = html;
    status.textContent = words.done;
    offerUpload(file);
    const heading = document.getElementById("result");
    if (heading) heading.focus();
  }

  function offerUpload(file) {
    const more = document.getElementById("more");
    if (!more) return;
    more.hidden = false;
    document.getElementById("upload").addEventListener("click", (event) => {
      event.currentTarget.disabled = true;
      upload(file);
    });
  }

  async function guarded(work) {
    turn += 1;
    const mine = turn;
    try {
      await work(mine);
    } catch {
      if (mine === turn) {
        status.textContent = words.failed;
        send.hidden = false;
      }
    }
  }

  function upload(file) {
    return guarded(async (mine) => {
      status.textContent = words.uploading;
      const body = new FormData();
      body.append("file", file, file.name);
      await ask(body, file, mine);
    });
  }

  function show(file) {
    URL.revokeObjectURL(preview.src);
    preview.hidden = !file.type.startsWith("image/");
    if (!preview.hidden) preview.src = URL.createObjectURL(file);
  }

  function take(file) {
    if (!file) return undefined;
    chosen.textContent = `${words.chosen} ${file.name}`;
    chosen.hidden = false;
    show(file);
    answer.replaceChildren();
    if (!canHash || file.size > MAX_HASHED_BYTES) {
      status.textContent = words.noHash;
      send.hidden = false;
      return undefined;
    }
    return guarded(async (mine) => {
      status.textContent = words.hashing;
      const digest = hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      if (mine !== turn) return;
      status.textContent = words.asking;
      const body = new FormData();
      body.append("sha256", digest);
      await ask(body, file, mine);
    });
  }

  input.addEventListener("change", () => take(input.files[0]));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.files[0]) upload(input.files[0]);
  });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) {
    drop.addEventListener(kind, () => drop.classList.remove("over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    take(input.files[0]);
  });
})();
