// Asking the gate. An answer is what the gate said to this very request, or there is none: `Gone` means that it is not
// known whether the request came through, `Refused` that the gate said no to the request itself (problem+json).

// A frame that was not answered after this belongs to somebody who has moved.
export const PATIENCE_MS = 2000;
// A photograph of some megabytes over bad Wi-Fi.
export const PHOTO_PATIENCE_MS = 20000;

export class Gone extends Error {}

export class Refused extends Error {
  constructor(problem, status) {
    super(problem.title ?? "Refused");
    this.problem = problem;
    this.status = status;
  }
}

async function ask(path, { method = "GET", body, type, patience = PATIENCE_MS } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const headers = type ? { "Content-Type": type } : {};
    const answer = await fetch(path, { method, body, headers, signal: stop.signal, cache: "no-store", redirect: "error" });
    const said = answer.status === 204 ? {} : await answer.json();
    if (!answer.ok) throw new Refused(said, answer.status);
    return said;
  } catch (error) {
    throw error instanceof Refused ? error : new Gone(String(error));
  } finally {
    clearTimeout(timer);
  }
}

const post = (path, content) => ask(path, { method: "POST", body: JSON.stringify(content), type: "application/json" });

export const pair = (code) => post("/phone/pair", { code });
export const state = () => ask("/phone/state");
export const undo = (entry) => post("/phone/undo", { entry });
export const find = (words) => ask(`/phone/find?find=${encodeURIComponent(words)}`);
export const recall = (id) => ask(`/phone/frame/${id}`);

export function send(picture, { id, way, anew, photo }) {
  const path = `/phone/${photo ? "photo" : "frame"}?id=${id}&way=${way}&anew=${anew}`;
  const patience = photo ? PHOTO_PATIENCE_MS : PATIENCE_MS;
  return ask(path, { method: "POST", body: picture, type: picture.type, patience });
}

// A name for a picture that no other has.
export function name() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
