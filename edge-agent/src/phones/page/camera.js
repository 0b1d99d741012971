// The camera, and pictures as the gate takes them: JPEG, no larger than its eye looks at.

// The gate's eye looks at no more.
const LONG_SIDE = 1280;
// A photograph is looked at once, and may be of a far code.
const PHOTO_LONG_SIDE = 2048;
const QUALITY = 0.7;
const PHOTO_QUALITY = 0.85;
// What the gate takes of a photograph that could not be made smaller here.
const MAX_PHOTO_BYTES = 8 << 20;

const canvas = document.createElement("canvas");

function jpeg(source, width, height, longSide, quality) {
  const scale = Math.min(1, longSide / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d", { alpha: false }).drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

export class Camera {
  #video;
  #stream = null;
  #device = null;

  constructor(video) {
    this.#video = video;
  }

  get runs() {
    return this.#stream?.active ?? false;
  }

  // Whether a browser lets pages have a camera here at all.
  static get possible() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  async start() {
    this.stop();
    const which = this.#device ? { deviceId: { exact: this.#device } } : { facingMode: { ideal: "environment" } };
    const video = { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio: false, video });
    this.#video.srcObject = this.#stream;
    await this.#video.play();
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
  }

  // What the camera sees now; null while it shows nothing yet.
  frame() {
    const { videoWidth, videoHeight, readyState } = this.#video;
    if (!this.runs || readyState < HTMLMediaElement.HAVE_CURRENT_DATA || videoWidth === 0) return null;
    return jpeg(this.#video, videoWidth, videoHeight, LONG_SIDE, QUALITY);
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }

  get hasTorch() {
    return Boolean(this.#track?.getCapabilities?.().torch);
  }

  async torch(on) {
    await this.#track?.applyConstraints({ advanced: [{ torch: on }] });
  }

  // Cameras of this phone; their ids are told once one was allowed.
  async #devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all.filter((device) => device.kind === "videoinput" && device.deviceId).map((device) => device.deviceId);
  }

  async hasOthers() {
    return (await this.#devices()).length > 1;
  }

  // Takes the next camera.
  async turn() {
    const all = await this.#devices();
    const now = all.indexOf(this.#track?.getSettings().deviceId);
    this.#device = all[(now + 1) % all.length] ?? null;
    await this.start();
  }
}

// A photograph, as small as the gate needs it; as it is where this browser cannot read it.
export async function photograph(file) {
  try {
    const picture = await createImageBitmap(file);
    const blob = await jpeg(picture, picture.width, picture.height, PHOTO_LONG_SIDE, PHOTO_QUALITY);
    picture.close();
    return blob;
  } catch {
    const usable = ["image/jpeg", "image/png"].includes(file.type) && file.size <= MAX_PHOTO_BYTES;
    return usable ? file : null;
  }
}
