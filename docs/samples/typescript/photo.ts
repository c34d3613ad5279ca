// A photo on its way to the server: announce it, send its bytes, confirm it.

import type { Anju } from "./anju.ts";
import { UPLOAD_CONFIRM, UPLOAD_CREATE } from "./operations.ts";

/** The id of the confirmed document, ready to be attached (`documentIds`, `photoIds`), and an address to look at it. */
export async function uploadPhoto(anju: Anju, name: string, bytes: Uint8Array<ArrayBuffer>, mediaType = "image/png") {
  const announced = await anju.intend("uploadCreate", UPLOAD_CREATE, {
    kind: "PHOTO",
    name,
    mediaType,
    size: bytes.byteLength,
  });
  const document = announced.document;
  if (!document?.upload) throw new Error("the photo has been sent already");
  const headers = document.upload.headers.map((header): [string, string] => [header.name, header.value]);
  const sent = await fetch(document.upload.url, { method: document.upload.method, headers, body: bytes });
  if (sent.status !== 201) throw new Error(`the photo was not taken: ${sent.status} ${await sent.text()}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const confirmed = await anju.intend("uploadConfirm", UPLOAD_CONFIRM, { id: document.id, sha256 });
  return confirmed.document;
}
