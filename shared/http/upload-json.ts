/** A place to PUT a file to, and the BlobRef that names it in a job (api.md). */
import type { Upload } from '../app/uploads.ts';
import type { UploadReply } from './job-replies.ts';

export function uploadJson({ uploadUrl, baseLocation, relativeLocation, sasBlobToken }: Upload): UploadReply {
  return {
    UploadUrl: uploadUrl,
    Input: {
      ConnectionString: null,
      BaseLocation: baseLocation,
      RelativeLocation: relativeLocation,
      SasBlobToken: sasBlobToken,
    },
  };
}
