/** Body of an upload's creation (api.md). */
import { limits } from '../core/limits.ts';
import { members, textOf } from './members.ts';

export const uploadBody = members({ name: textOf(1, limits.nameLengthMax) }).meta({
  id: 'UploadWish',
  description: 'The name of a file to upload.',
});
