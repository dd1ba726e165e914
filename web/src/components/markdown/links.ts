const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** An address that may be a link: absolute, and of a scheme that only leads somewhere. */
export function safeLink(href: string): string | null {
  try {
    const url = new URL(href);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Pictures that need no connection: bytes in the text itself. */
export function inlinePicture(href: string): string | null {
  return /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/.test(href) ? href : null;
}

/** Whom a picture would be fetched from. */
export function hostOf(href: string): string {
  try {
    return new URL(href).host || "this text";
  } catch {
    return "an unknown address";
  }
}
