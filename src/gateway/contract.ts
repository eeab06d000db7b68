import type { Endpoint } from './http/endpoint.ts';
import { getArticle30, putArticle30 } from './routes/article-30.ts';
import {
  anchorAudit,
  exportAudit,
  getAnssiEvidence,
  getAudit,
  listAuditRecords,
  proveAuditRecord,
  verifyAudit,
} from './routes/audit.ts';
import { createBackup } from './routes/backup.ts';
import { createChatCompletion } from './routes/chat-completions.ts';
import { listChoices } from './routes/choices.ts';
import { createCompletion } from './routes/completions.ts';
import {
  createConversation,
  deleteConversation,
  deleteMessage,
  exportConversation,
  getConversation,
  listConversations,
  listMessages,
  updateConversation,
} from './routes/conversations.ts';
import { listPolicyDecisions } from './routes/decisions.ts';
import { getEgress, listEgressConnections, setEgressOffline } from './routes/egress.ts';
import { createEmbedding } from './routes/embeddings.ts';
import { changeGroup, createGroup, deleteGroup, deleteRole, listGroups, listRoles, putRole } from './routes/groups.ts';
import { createKeyFor, listKeys, revokeKey, rotateKey } from './routes/keys.ts';
import { listLabels } from './routes/labels.ts';
import { changeMyPassword, createMyKey, getMyUsage, listMyKeys, revokeMyKey, rotateMyKey } from './routes/me.ts';
import {
  deleteModel,
  fetchModel,
  getModel,
  listCatalogue,
  listModels,
  loadModel,
  optimizeModel,
  unloadModel,
} from './routes/models.ts';
import { eraseConversation, eraseMe, exportMe, getHeld } from './routes/my-data.ts';
import { finishOidc, startOidc } from './routes/oidc.ts';
import { deleteOpenAiModel, getOpenAiModel, listOpenAiModels } from './routes/openai-models.ts';
import { changePerson, createPerson, deletePerson, listPeople, resetPassword } from './routes/people.ts';
import { checkPolicy, explainPolicy, getPolicy, simulatePolicy } from './routes/policy.ts';
import {
  approveProposal,
  listProposals,
  proposeBreakGlass,
  proposeLabel,
  proposePolicy,
  readBreakGlass,
  rejectProposal,
} from './routes/proposals.ts';
import { changeQuota, createQuota, deleteQuota, getUsage, listQuotas } from './routes/quotas.ts';
import { getReceipt } from './routes/receipts.ts';
import { createAnswer, getRun, readRun, stopRun } from './routes/runs.ts';
import { createSession, deleteSession, getSession, setUpAdministrator } from './routes/session.ts';
import {
  endMySession,
  endMySessions,
  endSession,
  endSessions,
  listMySessions,
  listSessions,
} from './routes/sessions.ts';
import { getHealth, getMetrics, getStatus, listSettings } from './routes/system.ts';
import { detokenize, tokenize } from './routes/tokenize.ts';
import {
  createUpstream,
  deleteUpstream,
  getUpstream,
  listUpstreams,
  testUpstream,
  updateUpstream,
} from './routes/upstreams.ts';

/** Every operation of the API. A new route is one line here; `docs/openapi.json` is made from this list. */
export const contract: readonly Endpoint[] = [
  createChatCompletion,
  createCompletion,
  createEmbedding,
  listOpenAiModels,
  getOpenAiModel,
  deleteOpenAiModel,
  tokenize,
  detokenize,
  getHealth,
  getMetrics,
  getStatus,
  listSettings,
  createBackup,
  getEgress,
  listEgressConnections,
  setEgressOffline,
  listModels,
  getModel,
  deleteModel,
  fetchModel,
  loadModel,
  unloadModel,
  optimizeModel,
  listCatalogue,
  listChoices,
  listConversations,
  createConversation,
  getConversation,
  updateConversation,
  deleteConversation,
  listMessages,
  deleteMessage,
  exportConversation,
  createAnswer,
  getRun,
  readRun,
  stopRun,
  listUpstreams,
  createUpstream,
  getUpstream,
  updateUpstream,
  deleteUpstream,
  testUpstream,
  getSession,
  createSession,
  deleteSession,
  startOidc,
  finishOidc,
  setUpAdministrator,
  getMyUsage,
  listMyKeys,
  createMyKey,
  revokeMyKey,
  rotateMyKey,
  changeMyPassword,
  listMySessions,
  endMySession,
  endMySessions,
  listSessions,
  endSession,
  endSessions,
  listPeople,
  createPerson,
  changePerson,
  deletePerson,
  resetPassword,
  listGroups,
  createGroup,
  changeGroup,
  deleteGroup,
  listRoles,
  putRole,
  deleteRole,
  listKeys,
  createKeyFor,
  revokeKey,
  rotateKey,
  listQuotas,
  createQuota,
  changeQuota,
  deleteQuota,
  getUsage,
  listLabels,
  getPolicy,
  explainPolicy,
  checkPolicy,
  simulatePolicy,
  listProposals,
  proposePolicy,
  proposeLabel,
  approveProposal,
  rejectProposal,
  proposeBreakGlass,
  readBreakGlass,
  listPolicyDecisions,
  getAudit,
  listAuditRecords,
  proveAuditRecord,
  verifyAudit,
  exportAudit,
  anchorAudit,
  getAnssiEvidence,
  getArticle30,
  putArticle30,
  getReceipt,
  getHeld,
  exportMe,
  eraseMe,
  eraseConversation,
];
