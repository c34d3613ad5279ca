// The operations of this client. A larger one generates the types from schema/schema.graphql (graphql-codegen).

import { operation, type Page, type Payload } from "./anju.ts";

export type Bill = {
  id: string;
  title: string;
  state: string;
  amount: number;
  outstanding: number | null;
  dueOn: string;
  isOverdue: boolean | null;
  availableActions: string[];
  updatedAt: string;
};

type FormField = { name: string; value: string };
type UploadAddress = { method: string; url: string; headers: FormField[] };

export const VIEWER = operation<{
  viewer: { displayName: string; grants: { role: string; unit: { id: string; name: string } | null }[] } | null;
}>(/* GraphQL */ `
  query Viewer {
    viewer {
      displayName
      grants { role unit { id name } }
    }
  }
`);

export const STATE_LABELS = operation<{ enumLabels: { value: string; label: string }[] | null }>(/* GraphQL */ `
  query StateLabels {
    enumLabels(name: "BillState") { value label }
  }
`);

export const BILLS = operation<
  { feeBills: (Page<Bill> & { totalCount: number }) | null },
  { first: number; after?: string | null; updatedSince?: string }
>(/* GraphQL */ `
  query Bills($first: Int!, $after: String, $updatedSince: DateTime) {
    feeBills(first: $first, after: $after, where: { updatedSince: $updatedSince }) {
      totalCount
      nodes { id title state amount outstanding dueOn isOverdue availableActions updatedAt }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const DISPUTE = operation<
  Record<"billDispute", Payload & { bill: { id: string; state: string } | null }>,
  { input: { id: string; reason: string; idempotencyKey: string } }
>(/* GraphQL */ `
  mutation Dispute($input: BillDisputeInput!) {
    billDispute(input: $input) {
      replayed
      bill { id state }
      userErrors { code message field retryable }
    }
  }
`);

export const UPLOAD_CREATE = operation<
  Record<"uploadCreate", Payload & { document: { id: string; upload: UploadAddress | null } | null }>,
  { input: { kind: string; name: string; mediaType: string; size: number; idempotencyKey: string } }
>(/* GraphQL */ `
  mutation UploadCreate($input: UploadCreateInput!) {
    uploadCreate(input: $input) {
      replayed
      document { id upload { method url headers { name value } } }
      userErrors { code message field retryable }
    }
  }
`);

export const UPLOAD_CONFIRM = operation<
  Record<"uploadConfirm", Payload & { document: { id: string; state: string; downloadUrl: string | null } | null }>,
  { input: { id: string; sha256: string; idempotencyKey: string } }
>(/* GraphQL */ `
  mutation UploadConfirm($input: UploadConfirmInput!) {
    uploadConfirm(input: $input) {
      replayed
      document { id state downloadUrl }
      userErrors { code message field retryable }
    }
  }
`);
