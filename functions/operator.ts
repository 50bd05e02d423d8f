/** The operator's calls: pool accounts, their quotas and keys (api.md, "Operator"). */
import {
  accountKeys,
  deleteAccount,
  getAccount,
  listAccounts,
  putAccount,
  regenerateAccountKey,
} from '../shared/app/accounts.ts';
import { deleteWorkspace, getWorkspace, putWorkspace } from '../shared/app/workspaces.ts';
import { limits } from '../shared/core/limits.ts';
import { accountJson, keysJson, workspaceJson } from '../shared/http/account-json.ts';
import { accountListReply, accountReply, keysReply, workspaceReply } from '../shared/http/account-replies.ts';
import { quotasBody, regenerateKeyBody, workspaceBody } from '../shared/http/account-schemas.ts';
import { operator } from '../shared/http/authorize.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { pageQuery } from '../shared/http/query-parameters.ts';
import { listJson, pageOf } from '../shared/http/query.ts';
import { empty, json } from '../shared/http/reply.ts';
import { subscriptionOf } from '../shared/http/subscription.ts';
import { workspaceCheck, workspaceIdOf } from '../shared/http/workspace-id.ts';

const { endpoint, doing, reading } = openedBy(operator);
const bytesMax = limits.managementBodyBytesMax;

endpoint('operatorAccounts', {
  route: 'operator/accounts',
  docs: {
    GET: { summary: 'Lists all pool accounts.', replies: { 200: accountListReply }, query: pageQuery },
  },
  on: {
    GET: doing(async ({ app, call }) => {
      const page = pageOf(call);
      if (page.kind === 'refused') return page;
      const found = await listAccounts(app, page);
      const accounts = found.accounts.map((account) => accountJson(app, account));
      return json(200, listJson(accounts, call, found.after));
    }),
  },
});

endpoint('operatorAccount', {
  route: 'operator/accounts/{subscriptionId}',
  docs: {
    PUT: {
      summary: 'Makes a pool account, or changes its quotas.',
      replies: { 200: accountReply, 201: accountReply },
    },
    GET: {
      summary: 'Reads a pool account.',
      replies: { 200: accountReply },
      refusals: { 404: ['AccountNotFound'] },
    },
    DELETE: {
      summary: 'Deletes a pool account that has no pools and no web services.',
      replies: { 204: 'empty' },
      refusals: {
        404: ['AccountNotFound'],
        409: ['AccountHasPools', 'AccountHasServices'],
      },
    },
  },
  on: {
    PUT: reading({ schema: quotasBody, bytesMax }, async ({ app, call }, quotas) => {
      const subscription = subscriptionOf(call);
      if (subscription.kind === 'refused') return subscription;
      const put = await putAccount(app, subscription.id, quotas);
      return json(put.outcome === 'created' ? 201 : 200, accountJson(app, put.account));
    }),
    GET: doing(async ({ app, call }) => {
      const subscription = subscriptionOf(call);
      if (subscription.kind === 'refused') return subscription;
      const found = await getAccount(app, subscription.id);
      return found.kind === 'refused' ? found : json(200, accountJson(app, found.account));
    }),
    DELETE: doing(async ({ app, call }) => {
      const subscription = subscriptionOf(call);
      if (subscription.kind === 'refused') return subscription;
      const deleted = await deleteAccount(app, subscription.id);
      return deleted.kind === 'refused' ? deleted : empty(204);
    }),
  },
});

endpoint('operatorAccountKeys', {
  route: 'operator/accounts/{subscriptionId}/listKeys',
  docs: {
    POST: {
      summary: 'Gives both keys of a pool account.',
      replies: { 200: keysReply },
      refusals: { 404: ['AccountNotFound'] },
    },
  },
  on: {
    POST: doing(async ({ app, call }) => {
      const subscription = subscriptionOf(call);
      if (subscription.kind === 'refused') return subscription;
      const keys = await accountKeys(app, subscription.id);
      return keys.kind === 'refused' ? keys : json(200, keysJson(keys));
    }),
  },
});

endpoint('operatorAccountRegenerateKey', {
  route: 'operator/accounts/{subscriptionId}/regenerateKey',
  docs: {
    POST: {
      summary: 'Makes one key of a pool account anew, and gives both.',
      replies: { 200: keysReply },
      refusals: { 404: ['AccountNotFound'] },
    },
  },
  on: {
    POST: reading({ schema: regenerateKeyBody, bytesMax }, async ({ app, call }, { keyName }) => {
      const subscription = subscriptionOf(call);
      if (subscription.kind === 'refused') return subscription;
      const keys = await regenerateAccountKey(app, subscription.id, keyName);
      return keys.kind === 'refused' ? keys : json(200, keysJson(keys));
    }),
  },
});

endpoint('operatorWorkspace', {
  route: 'operator/workspaces/{workspaceId}',
  docs: {
    PUT: {
      summary: 'Ties a classic workspace to an account and to the plan that pays for its classic jobs.',
      replies: { 200: workspaceReply, 201: workspaceReply },
      refusals: {
        400: ['AccountNotFound', 'CommitmentPlanNotFound'],
        409: ['WorkspaceHasServices'],
      },
    },
    GET: {
      summary: 'Reads what a classic workspace is tied to.',
      replies: { 200: workspaceReply },
      refusals: { 404: ['WorkspaceNotFound'] },
    },
    DELETE: {
      summary: 'Unties a classic workspace that has no web services.',
      replies: { 204: 'empty' },
      refusals: { 404: ['WorkspaceNotFound'], 409: ['WorkspaceHasServices'] },
    },
  },
  on: {
    PUT: reading(
      { schema: workspaceBody, bytesMax },
      async ({ app, call }, wish) => {
        const put = await putWorkspace(app, workspaceIdOf(call), wish);
        return put.kind === 'refused' ? put : json(put.outcome === 'created' ? 201 : 200, workspaceJson(put));
      },
      workspaceCheck,
    ),
    GET: doing(async ({ app, call }) => {
      const found = await getWorkspace(app, workspaceIdOf(call));
      return found.kind === 'refused' ? found : json(200, workspaceJson(found));
    }, workspaceCheck),
    DELETE: doing(async ({ app, call }) => {
      const deleted = await deleteWorkspace(app, workspaceIdOf(call));
      return deleted.kind === 'refused' ? deleted : empty(204);
    }, workspaceCheck),
  },
});
