// What chirp does beyond plain pages and forms. Everything works without it.

// The number of characters left, once it gets close.
for (const left of document.querySelectorAll("[data-left]")) {
  const field = document.getElementById(left.dataset.left);
  const show = () => {
    const rest = field.maxLength - field.value.length;
    left.textContent = rest < 80 ? rest : "";
    left.classList.toggle("short", rest < 20);
    field.style.height = "auto";
    field.style.height = field.scrollHeight + "px";
  };
  field.addEventListener("input", show);
  show();
}

// The name of the chosen image.
for (const input of document.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => {
    input.parentElement.querySelector(".file").textContent = input.files[0]?.name ?? "";
  });
}

// A question before something is lost.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// Likes without leaving the page.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.like) return;
  event.preventDefault();
  const button = form.querySelector("button");
  const liked = button.getAttribute("aria-pressed") === "true";
  button.disabled = true;
  try {
    const response = await fetch(form.dataset.like, { method: liked ? "DELETE" : "PUT" });
    if (!response.ok) throw new Error(response.status);
    const post = await response.json();
    button.setAttribute("aria-pressed", post.liked);
    button.querySelector("span").textContent = post.likes || "";
    form.action = form.action.replace(/(un)?like$/, post.liked ? "unlike" : "like");
  } catch {
    form.submit();
  } finally {
    button.disabled = false;
  }
});

// Forms are sent with a key, by which the site knows a form again that reaches it twice: whatever stands between may then
// send it again when the server that had it has died.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  const body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { "Idempotency-Key": `"${key}"` } });
    if (response.redirected) return location.assign(response.url);
  } catch {
    // The plain way below says what is wrong.
  }
  form.submit();
});

// How many new posts there are since the page was loaded.
for (const fresh of document.querySelectorAll("[data-stream]")) {
  const stream = new EventSource(fresh.dataset.stream);
  let count = 0;
  stream.addEventListener("post", (event) => {
    if (JSON.parse(event.data).author.username === document.body.dataset.user) return;
    count++;
    fresh.textContent = count === 1 ? "1 new post" : `${count} new posts`;
    fresh.hidden = false;
  });
  addEventListener("pagehide", () => stream.close());
}
