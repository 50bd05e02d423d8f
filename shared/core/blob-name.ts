/** A container and a blob name out of what a caller wrote as one text, `container/path/name.csv`. Pure. */
import { dataExtensions, dataFormatOf } from './data-format.ts';
import { badArgument, shown, type Refused } from './refusal.ts';

export type BlobUse = {
  /** Where it stands in the request: `Inputs.input1`. */
  readonly path: string;
  /** `data-in` and `data-out`: tables, whose file extension is checked; `other`: a model. */
  readonly role: 'data-in' | 'data-out' | 'other';
};

export type BlobName = { readonly kind: 'name'; readonly container: string; readonly name: string };

/** Rules of Azure Storage: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const containerPattern = /^(?:\$root|\$web|(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*)$/;
const nameLengthMax = 1_024;

/**
 * @param path texts that are joined by `/`, such as the path of a base location and a relative location. Each is decoded
 * once if it is percent-encoded as a whole; a name like `100%.csv` is taken as it stands
 * @param account what the endpoint's path names (the emulator's account): the path may begin with it
 */
export function parseName(path: readonly string[], account: string, use: BlobUse): BlobName | Refused {
  const whole = path.map((text) => decodeOnce(trimLeft(text))).filter((text) => text !== '');
  const segments = whole.join('/').split('/');
  if (account !== '' && segments[0] === account && segments.length > 2) segments.shift();
  const [container = '', ...rest] = segments;
  const name = rest.join('/');
  const at = use.role === 'other' ? use.path : `${use.path}.RelativeLocation`;
  const bad =
    checkText(whole.join('/'), at, use) ?? checkContainer(container, at, use) ?? checkName(name, at, use);
  return bad ?? checkExtension(name, at, use) ?? { kind: 'name', container, name };
}

function checkText(text: string, at: string, use: BlobUse): Refused | undefined {
  const said = () => `${at} is "${shown(text)}"`;
  if (/^https?:/i.test(text)) {
    return invalid(use, `${at} is a URL: give only container/path/name, without the host.`);
  }
  if (!text.isWellFormed() || /[\p{Cc}\ufffe\uffff]/u.test(text)) {
    return invalid(use, `${said()}: it holds control characters or broken Unicode.`);
  }
  if (text.includes('\\')) return invalid(use, `${said()}: write / instead of \\.`);
  return undefined;
}

function checkContainer(container: string, at: string, use: BlobUse): Refused | undefined {
  if (containerPattern.test(container)) return undefined;
  const rule = 'a container has 3 to 63 lower-case letters, digits and single dashes';
  const text = `${at} begins with the container "${shown(container)}", and ${rule}. Expected is ${form(use)}.`;
  return badArgument('ContainerSegmentInvalid', text);
}

/** Data has an extension that matters; of a model any will do. */
function form({ role }: BlobUse): string {
  return role === 'other' ? 'container/path/name.onnx' : 'container/path/name.csv';
}

function checkName(name: string, at: string, use: BlobUse): Refused | undefined {
  if (name === '') {
    return invalid(use, `${at} names no blob behind its container: expected is ${form(use)}.`);
  }
  const said = () => `${at} names the blob "${shown(name)}"`;
  if (name.length > nameLengthMax) {
    return invalid(use, `${said()} of ${name.length} characters: at most ${nameLengthMax} are possible.`);
  }
  const hasBadSegment = name.split('/').some((segment) => segment === '' || /^\.+$/.test(segment));
  if (hasBadSegment || name.endsWith('.')) {
    return invalid(
      use,
      `${said()}: its parts between slashes may not be empty, "." or "..", and it may not end with a dot.`,
    );
  }
  return undefined;
}

function checkExtension(name: string, at: string, use: BlobUse): Refused | undefined {
  if (use.role === 'other') return undefined;
  const file = name.slice(name.lastIndexOf('/') + 1);
  const dot = file.lastIndexOf('.');
  const extension = dot < 0 ? '' : file.slice(dot).toLowerCase();
  if (dataFormatOf(file) !== undefined) return undefined;
  const direction = use.role === 'data-in' ? 'input' : 'output';
  const supported = `Supported file extensions for this ${direction} type are: ${dataExtensions.join(', ')}.`;
  if (extension === '.ilearner' && use.role === 'data-out') {
    const why = 'is a trained model (.ilearner); this service scores data and trains no models.';
    return badArgument('InvalidBlobExtension', `What ${at} asks for ${why} ${supported}`);
  }
  const found =
    extension === '' ? 'which has no file extension' : `with the extension "${shown(extension, 20)}"`;
  return badArgument('InvalidBlobExtension', `${at} names "${shown(file)}", ${found}. ${supported}`);
}

function invalid(use: BlobUse, text: string): Refused {
  return badArgument(use.role === 'data-in' ? 'InputBlobRelativeLocationInvalid' : 'InvalidBlob', text);
}

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function trimLeft(text: string): string {
  return text.replace(/^\/+/, '');
}
