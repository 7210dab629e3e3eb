import { graphql } from "../../../graphql/generated/gql.ts";

export const toolRunSubscription = graphql(`
  subscription ToolRunUpdated($id: ID!) {
    toolExecutionUpdated(id: $id) {
      id
      ...ToolRun_execution
    }
  }
`);

export const toolRunQuery = graphql(`
  query ToolRun($id: ID!) {
    toolExecution(id: $id) {
      id
      ...ToolRun_execution
    }
  }
`);

export const toolRunFragment = graphql(`
  fragment ToolRun_execution on ToolExecution {
    id
    status
    progress {
      progress
      total
      message
    }
    ...ExecutionResult_execution
  }
`);

export const cancelRunMutation = graphql(`
  mutation CancelToolRun($id: ID!) {
    cancelToolExecution(id: $id) {
      id
      ...ToolRun_execution
    }
  }
`);
