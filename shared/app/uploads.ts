/** A place to PUT a file to, and the reference to name it by: files go straight to blob storage, never through a function. */
import { uploadName } from '../core/own-blob-name.ts';
import { limits } from '../core/limits.ts';
import { badArgument, shown, type Refused } from '../core/refusal.ts';
import type { App } from './ports.ts';

export type Upload = {
  readonly kind: 'upload';
  readonly uploadUrl: string;
  readonly baseLocation: string;
  readonly relativeLocation: string;
  readonly sasBlobToken: string;
};

/** @param owner a subscription's or a service's id: uploads of one owner and day lie together */
export async function makeUpload(app: App, owner: string, fileName: string): Promise<Upload | Refused> {
  if (
    fileName.length > limits.nameLengthMax ||
    !/^[^\\/?#%\u0000-\u001f\u007f]+\.[A-Za-z0-9]+$/.test(fileName)
  ) {
    return badArgument(
      'BadUploadName',
      `name is "${shown(fileName)}": give a file name with an extension, at most ${limits.nameLengthMax} characters, without slashes.`,
    );
  }
  const nowMs = app.clock.now();
  const name = uploadName(nowMs, owner, app.random.hex(32), fileName);
  const place = await app.blobs.place('millpond-uploads', name);
  return {
    kind: 'upload',
    uploadUrl: app.callerBlobs.sign(place, 'rcw', nowMs + limits.uploadSasMs),
    baseLocation: `${place.endpoint}/`,
    relativeLocation: `${place.container}/${place.name.split('/').map(encodeURIComponent).join('/')}`,
    sasBlobToken: app.callerBlobs.token(place, 'r', nowMs + app.config.uploadMs),
  };
}
