/** The VM protocol (design.md, section 7): each VM's own calls, with a token that opens nothing else. */
import { finishJob } from '../shared/app/finish.ts';
import { bye, hello, next, takeBeat } from '../shared/app/vm-calls.ts';
import { limits } from '../shared/core/limits.ts';
import { vm } from '../shared/http/authorize.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { json } from '../shared/http/reply.ts';
import { beatCall, finishCall, vmCall } from '../shared/http/vm-schemas.ts';

const { endpoint, reading } = openedBy(vm);
const bytesMax = limits.jobBodyBytesMax;

endpoint('vmHello', {
  route: 'vm/{vmId}/hello',
  docs: 'unlisted',
  on: {
    POST: reading({ schema: vmCall, bytesMax }, async ({ app, who }, { nonce }) =>
      json(200, await hello(app, who, nonce)),
    ),
  },
});

endpoint('vmNext', {
  route: 'vm/{vmId}/next',
  docs: 'unlisted',
  on: {
    POST: reading({ schema: vmCall, bytesMax }, async ({ app, who }, { nonce }) =>
      json(200, await next(app, who, nonce)),
    ),
  },
});

endpoint('vmBeat', {
  route: 'vm/{vmId}/beat',
  docs: 'unlisted',
  on: {
    POST: reading({ schema: beatCall, bytesMax }, async ({ app, who }, call) =>
      json(200, await takeBeat(app, who, call)),
    ),
  },
});

endpoint('vmFinish', {
  route: 'vm/{vmId}/finish',
  docs: 'unlisted',
  on: {
    POST: reading({ schema: finishCall, bytesMax }, async ({ app, who }, call) =>
      json(200, await finishJob(app, who, call)),
    ),
  },
});

endpoint('vmBye', {
  route: 'vm/{vmId}/bye',
  docs: 'unlisted',
  on: {
    POST: reading({ schema: vmCall, bytesMax }, async ({ app, who }, { nonce }) =>
      json(200, await bye(app, who, nonce)),
    ),
  },
});
