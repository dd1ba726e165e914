import type { Model } from "~/api/catalogue";
import { bytes } from "~/format";
import { type Attachment, type AttachmentKind, newId } from "./conversation";

/** What may be attached, by media type. */
const KINDS: Readonly<Record<string, AttachmentKind>> = {
  "image/png": "image",
  "image/jpeg": "image",
  "image/webp": "image",
  "image/gif": "image",
  "application/pdf": "file",
  "audio/wav": "audio",
  "audio/x-wav": "audio",
  "audio/wave": "audio",
  "audio/mpeg": "audio",
  "audio/mp3": "audio",
};

export const KIND_WORDS: Readonly<Record<AttachmentKind, string>> = {
  image: "pictures",
  file: "PDFs",
  audio: "sound",
};

/** Larger ones rarely pass through the limits of gateways and providers. */
const BYTES_MAX = 20_000_000;

export const readsKind = (model: Model | undefined, kind: AttachmentKind): boolean =>
  model?.architecture.input_modalities.some((modality) => modality === kind) ?? false;

/** The media types that all of some models read, as a file dialog takes them. */
export function acceptedBy(models: readonly (Model | undefined)[]): string {
  return Object.entries(KINDS)
    .filter(([, kind]) => models.length > 0 && models.every((model) => readsKind(model, kind)))
    .map(([type]) => type)
    .join(",");
}

/** A file as an attachment, or why it can't be one. */
export async function attachmentOf(file: File): Promise<Attachment | string> {
  const kind = KINDS[file.type];
  if (!kind) return `${file.name} is no PNG, JPEG, WebP, GIF, PDF, WAV or MP3.`;
  if (file.size > BYTES_MAX) {
    return `${file.name} has ${bytes(file.size)}; at most ${bytes(BYTES_MAX)} can be sent.`;
  }
  const data = await dataUri(file).catch(() => null);
  if (data === null) return `${file.name} can't be read.`;
  return { id: newId(), kind, name: file.name || kind, type: file.type, size: file.size, data };
}

function dataUri(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
