// Generated from the OpenAPI document by `npm run generate`; not changed by hand.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description RFC 9457 problem document. */
        Problem: {
            /** Format: uri */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description The same as detail. */
            message: string;
            instance?: string;
            /** @description Stable name of the problem. */
            code: string;
            errors?: components["schemas"]["Fault"][];
        };
        Fault: {
            index?: number;
            /** @description JSON pointer (RFC 6901), or the name of the parameter. */
            pointer: string;
            code: string;
            message: string;
        };
        Pagination: {
            offset: number;
            limit: number;
            /** @description The same as limit. */
            pageSize: number;
            totalElements: number;
            /**
             * @description There when more than 100,000 match: totalElements is an estimate then.
             * @constant
             */
            totalIsEstimate?: true;
            totalPages: number;
            /** @description The first page is 0. */
            currentPage: number;
            hasNext: boolean;
            hasPrevious: boolean;
        };
        Uploaded: {
            /** Format: uuid */
            batchId: string;
            /** @enum {unknown} */
            state: "RECEIVING" | "READY" | "RUNNING" | "PAUSED" | "CANCELLING" | "COMPLETED" | "FAILED" | "CANCELLED";
            accepted: number;
            rejected: number;
            /** Format: date-time */
            predictedFinish: string | null;
        };
        BatchMoved: {
            /** Format: uuid */
            batchId: string;
            /** @enum {unknown} */
            state: "RECEIVING" | "READY" | "RUNNING" | "PAUSED" | "CANCELLING" | "COMPLETED" | "FAILED" | "CANCELLED";
        };
        Pending: {
            /** @constant */
            status: "PENDING";
            message: string;
            totalRequested: number;
            /** Format: uuid */
            batchId: string;
            results: unknown[];
        };
        SinkCounts: {
            due: number;
            delivered: number;
            waiting: number;
            dead: number;
            discarded: number;
            superseded: number;
        };
        BatchStatus: {
            /** Format: uuid */
            batchId: string;
            kind: string;
            clientReference: string | null;
            /** @enum {unknown} */
            state: "open" | "closed";
            /** Format: date-time */
            receivedAt: string;
            /** Format: date-time */
            closedAt: string | null;
            accepted: number;
            written: number;
            rejected: number;
            withdrawn: number;
            pending: number;
            /** @description By sink. */
            delivery: {
                [key: string]: components["schemas"]["SinkCounts"];
            };
            /** @description accepted = written + rejected + withdrawn + pending; for each sink due = delivered + waiting + dead + discarded + superseded. */
            law: {
                items: {
                    expected: number;
                    found: number;
                    holds: boolean;
                };
                delivery: {
                    [key: string]: {
                        expected: number;
                        found: number;
                        holds: boolean;
                    };
                };
            };
        };
        VerifyReport: {
            holds: boolean;
            /** Format: date-time */
            at: string;
            /** @description By kind. */
            kinds: {
                [key: string]: {
                    holds: boolean;
                    batches: number;
                    accepted: number;
                    written: number;
                    rejected: number;
                    withdrawn: number;
                    pending: number;
                    /** @description Records that the ledger says were inserted. */
                    inserted: number;
                    /** @description Rows counted in the table. */
                    rows: number | null;
                    /** @description Records that the ledger says were deleted. */
                    deleted: number | null;
                    /** @description By sink. */
                    delivery: {
                        [key: string]: components["schemas"]["SinkCounts"];
                    };
                };
            };
            breaches: {
                /** @description Stable name of what is wrong. */
                what: string;
                /** @description Kind, batch, first index of the slice, sink, id of the record, dead letter: as far as they are known. */
                where: Record<string, never>;
                expected: number;
                found: number;
            }[];
            /** @description There are more breaches than are named. */
            more: boolean;
        };
        DeadLetter: {
            /** Format: int64 */
            id: number;
            /** @enum {unknown} */
            state: "dead" | "replaying" | "delivered" | "discarded" | "superseded";
            sink: string;
            kind: string;
            /** Format: int64 */
            recordId: number;
            version: number;
            /** Format: uuid */
            batchId: string;
            topic: string | null;
            partition: number | null;
            code: string;
            class: string;
            reason: string;
            fingerprint: string;
            attempts: number;
            replays: number;
            replayId: string | null;
            /** Format: date-time */
            firstFailedAt: string;
            /** Format: date-time */
            lastFailedAt: string;
            closedAt: string | null;
            closedBy: string | null;
            closedReason: string | null;
        };
        DeadLetterWhole: {
            /** Format: int64 */
            id: number;
            /** @enum {unknown} */
            state: "dead" | "replaying" | "delivered" | "discarded" | "superseded";
            sink: string;
            kind: string;
            /** Format: int64 */
            recordId: number;
            version: number;
            /** Format: uuid */
            batchId: string;
            topic: string | null;
            partition: number | null;
            code: string;
            class: string;
            reason: string;
            fingerprint: string;
            attempts: number;
            replays: number;
            replayId: string | null;
            /** Format: date-time */
            firstFailedAt: string;
            /** Format: date-time */
            lastFailedAt: string;
            closedAt: string | null;
            closedBy: string | null;
            closedReason: string | null;
            /** @description The message as it was sent last. */
            payload: string;
            headers: {
                [key: string]: string;
            } | null;
            tries: {
                /** Format: date-time */
                at: string;
                code: string;
            }[];
            mirroredAt: string | null;
            provenance: {
                /** Format: uuid */
                batchId: string;
                op: string;
                firstIndex: number;
                index: number | null;
                shard: number;
                node: string | null;
                writtenAt: string | null;
                client: string | null;
                clientReference: string | null;
            };
            /** @description Later messages of the same record that wait for this one, in order. */
            waitingBehind: {
                version: number;
                /** Format: uuid */
                batchId: string;
                /** Format: date-time */
                writtenAt: string;
            }[];
            moreWaiting: boolean;
        };
        DeadLetterGroup: {
            sink: string;
            fingerprint: string;
            code: string;
            class: string;
            reason: string;
            kinds: string[];
            count: number;
            dead: number;
            replaying: number;
            /** Format: date-time */
            firstFailedAt: string;
            /** Format: date-time */
            lastFailedAt: string;
            example: {
                /** Format: int64 */
                id: number;
                /** Format: int64 */
                recordId: number;
                /** Format: uuid */
                batchId: string;
            };
        };
        ReplayHead: {
            /** Format: uuid */
            id: string;
            sink: string;
            filter: Record<string, never>;
            rate: number;
            /** @enum {unknown} */
            state: "running" | "stopped" | "done";
            total: number;
            released: number;
            requestedBy: string;
            /** Format: date-time */
            requestedAt: string;
            endedAt: string | null;
        };
        Replay: {
            /** Format: uuid */
            id: string;
            sink: string;
            filter: Record<string, never>;
            rate: number;
            /** @enum {unknown} */
            state: "running" | "stopped" | "done";
            total: number;
            released: number;
            requestedBy: string;
            /** Format: date-time */
            requestedAt: string;
            endedAt: string | null;
            delivered: number;
            superseded: number;
            deadAgain: number;
            onTheWay: number;
        };
        ReplayPlan: {
            /** @constant */
            dryRun: true;
            sink: string;
            rate: number;
            total: number;
            wouldSend: number;
            /** @description Their record is gone: nothing is there to send. */
            wouldSupersede: number;
            seconds: number;
            destinations: {
                topic: string | null;
                partition: number | null;
                messages: number;
            }[];
            /** @description The first hundred, in the order in which they would be released. */
            first: {
                /** Format: int64 */
                id: number;
                kind: string;
                /** Format: int64 */
                recordId: number;
                version: number;
                /** @enum {unknown} */
                outcome: "send" | "supersede";
                sendsVersion: number | null;
                topic: string | null;
                partition: number | null;
                waitingBehind: number;
            }[];
        };
        Discarded: {
            discarded: number;
            remaining: number;
        };
        DiscardPlan: {
            /** @constant */
            dryRun: true;
            sinks: {
                [key: string]: number;
            };
            total: number;
        };
        AuditLine: {
            /** Format: int64 */
            id: number;
            /** Format: date-time */
            at: string;
            who: string;
            operation: string;
            target: Record<string, never>;
            outcome: string;
            detail: Record<string, never> | null;
            requestId: string | null;
        };
        Receipt: {
            /** @description Place of the item in the request. */
            index: number;
            /** @enum {unknown} */
            status: "SUCCESS" | "FAILED" | "PENDING";
            /** Format: int64 */
            id?: number;
            errors?: {
                pointer: string;
                code: string;
                message: string;
            }[];
            /**
             * @description Not written and never will be: safe to send again.
             * @constant
             */
            withdrawn?: true;
            /** Format: uuid */
            batchId: string;
            kind: string;
            clientReference: string | null;
            /** Format: date-time */
            acceptedAt: string;
            written?: {
                /** @enum {unknown} */
                op: "insert" | "update" | "delete";
                version: number;
                /** Format: date-time */
                at: string;
                node: string;
                /** @description What it was written with, in one statement. */
                slice: {
                    firstIndex: number;
                    span: number;
                };
            };
            delivery?: components["schemas"]["Delivery"][];
            /** @description Later versions of the record, in order. */
            changes?: {
                version: number;
                /** Format: uuid */
                batchId: string;
                clientReference: string | null;
                /** Format: date-time */
                at: string;
                node: string;
                delivery: components["schemas"]["Delivery"][];
            }[];
            /** @constant */
            moreChanges?: true;
        };
        Delivery: {
            sink: string;
            /** @enum {unknown} */
            state: "delivered" | "waiting" | "superseded" | "dead" | "discarded";
            topic: string | null;
            partition: number | null;
            offset: number | null;
            /** @description When the last message of its slice was acknowledged. */
            at: string | null;
            /** @description Sends in which a message of its slice was refused. */
            attempts: number;
            /** @description Refusals of this very message. */
            tries?: {
                /** Format: date-time */
                at: string;
                code: string;
            }[];
            waiting?: {
                /** @enum {unknown} */
                reason: "retry" | "replaying" | "behind" | "no-relay" | "sink-away" | "partition-rests" | "queued";
                detail: string;
                code?: string;
                /** Format: date-time */
                nextAttemptAt?: string;
                /** Format: int64 */
                deadLetter?: number;
            };
            /** @description The version that took its place; null where the record is gone. */
            supersededBy?: number | null;
            deadLetter?: {
                /** Format: int64 */
                id: number;
                state: string;
                code: string;
                class: string;
                reason: string;
                attempts: number;
                /** Format: date-time */
                firstFailedAt: string;
                /** Format: date-time */
                lastFailedAt: string;
                replays: number;
                closedAt: string | null;
                closedBy: string | null;
                closedReason: string | null;
            };
            replays?: {
                /** Format: uuid */
                replayId: string;
                /** Format: date-time */
                releasedAt: string;
                /** @enum {unknown} */
                state: "waiting" | "delivered" | "superseded" | "dead";
                offset: number | null;
                at: string | null;
            }[];
        };
        LargeBatch: {
            /** Format: uuid */
            batchId: string;
            kind: string;
            /** @enum {unknown} */
            state: "RECEIVING" | "READY" | "RUNNING" | "PAUSED" | "CANCELLING" | "COMPLETED" | "FAILED" | "CANCELLED";
            /** @enum {unknown} */
            priority: "high" | "normal" | "low";
            parallelism: number;
            tags: string[];
            /** @description The batch whose failed items this one has. */
            parent: string | null;
            /** Format: date-time */
            createdAt: string;
            finishedAt: string | null;
            /** Format: date-time */
            deadlineAt: string;
            progress: {
                /** @description Done without a gap from the start. */
                items: number;
                /** @description Of the upload, up to there. */
                bytes: number;
                /** @description Items; null until the upload is complete. */
                total: number | null;
                /** @description Of the items, or of the bytes that Content-Length or Upload-Length told; null where neither is known. */
                share: number | null;
            };
            written: number;
            rejected: number;
            errorCode: string | null;
        };
        /** @description A large batch: the counts of every batch, and these. */
        LargeBatchStatus: {
            /** Format: uuid */
            batchId: string;
            kind: string;
            /** @enum {unknown} */
            state: "RECEIVING" | "READY" | "RUNNING" | "PAUSED" | "CANCELLING" | "COMPLETED" | "FAILED" | "CANCELLED";
            /** @enum {unknown} */
            priority: "high" | "normal" | "low";
            parallelism: number;
            tags: string[];
            /** @description The batch whose failed items this one has. */
            parent: string | null;
            options: {
                priority: string;
                parallelism: number;
                checkpointInterval: number;
                enableCheckpointing: boolean;
                errorPolicy: string;
                maxRetryAttempts: number;
                /** Format: date-time */
                deadlineAt: string;
            };
            format: string | null;
            /** Format: date-time */
            createdAt: string;
            startedAt: string | null;
            finishedAt: string | null;
            progress: {
                /** @description Done without a gap from the start. */
                items: number;
                /** @description Of the upload, up to there. */
                bytes: number;
                /** @description Items; null until the upload is complete. */
                total: number | null;
                /** @description Of the items, or of the bytes that Content-Length or Upload-Length told; null where neither is known. */
                share: number | null;
            };
            /** @description Items a second over the last minute; of an ended batch over all of it. */
            rate: number | null;
            /** @description null where the whole is not known, or nothing moves. */
            predictedFinish: string | null;
            /** @description Where the finish lies, by how much the rate varied; latest is null where it varied too much to say. */
            predictedFinishBounds: {
                /** Format: date-time */
                earliest: string;
                latest: string | null;
            } | null;
            executionResults: {
                batchCompleted: boolean;
                itemsProcessed: number;
                itemsSuccessful: number;
                itemsFailed: number;
                successRate: number | null;
            };
            /**
             * Format: date-time
             * @description When something of it was done last.
             */
            processingTimestamp: string;
            executionMetadata: {
                /** @description ms */
                executionDuration: number;
                /** @description ms of the duration for each item. */
                averageItemTime: number | null;
                /** @description Parts under way at the same time, on average; known once the upload has ended or broken off. */
                parallelismAchieved: number | null;
                checkpointsCreated: number;
            };
            /** @description Items that failed, by category. */
            errors: {
                EXECUTION_ERROR: number;
                RESOURCE_ERROR: number;
                ITEM_ERROR: number;
                SYSTEM_ERROR: number;
                TIMEOUT_ERROR: number;
            };
            /**
             * @description Of a failed batch, as the three that follow.
             * @constant
             */
            status?: "ERROR";
            errorCode?: string;
            errorMessage?: string;
            details?: {
                systemErrors: number;
                resourceErrors: number;
                dataErrors: number;
                timeoutErrors: number;
            };
        } & {
            accepted: number;
            written: number;
            rejected: number;
            withdrawn: number;
            pending: number;
        };
        BatchStateEvent: {
            /** Format: uuid */
            batchId: string;
            kind: string;
            /** @enum {unknown} */
            state: "RECEIVING" | "READY" | "RUNNING" | "PAUSED" | "CANCELLING" | "COMPLETED" | "FAILED" | "CANCELLED";
            /** @enum {unknown} */
            priority: "high" | "normal" | "low";
            parallelism: number;
            tags: string[];
            /** @description The batch whose failed items this one has. */
            parent: string | null;
            errorCode: string | null;
            errorMessage: string | null;
        };
        BatchCheckpointEvent: {
            /** Format: uuid */
            batchId: string;
            no: number;
            /** Format: date-time */
            at: string;
            items: number;
            bytes: number;
            written: number;
            rejected: number;
        };
        /** @description Counts are those of the newest checkpoint. */
        BatchProgressEvent: {
            /** Format: uuid */
            batchId: string;
            /** @enum {unknown} */
            state: "RECEIVING" | "READY" | "RUNNING" | "PAUSED" | "CANCELLING" | "COMPLETED" | "FAILED" | "CANCELLED";
            progress: {
                /** @description Done without a gap from the start. */
                items: number;
                /** @description Of the upload, up to there. */
                bytes: number;
                /** @description Items; null until the upload is complete. */
                total: number | null;
                /** @description Of the items, or of the bytes that Content-Length or Upload-Length told; null where neither is known. */
                share: number | null;
            };
            /** @description Items a second over the last minute; of an ended batch over all of it. */
            rate: number | null;
            /** @description null where the whole is not known, or nothing moves. */
            predictedFinish: string | null;
            /** @description Where the finish lies, by how much the rate varied; latest is null where it varied too much to say. */
            predictedFinishBounds: {
                /** Format: date-time */
                earliest: string;
                latest: string | null;
            } | null;
            written: number;
            rejected: number;
            /** @description Items that failed, by category. */
            errors: {
                EXECUTION_ERROR: number;
                RESOURCE_ERROR: number;
                ITEM_ERROR: number;
                SYSTEM_ERROR: number;
                TIMEOUT_ERROR: number;
            };
        };
        Submission: {
            /** @enum {unknown} */
            status: "SUCCESS" | "PARTIAL" | "FAILURE";
            message: string;
            totalRequested: number;
            successful: number;
            failed: number;
            pending: number;
            results: {
                orderId: number | null;
                /** @enum {unknown} */
                status: "SUCCESS" | "FAILURE" | "PENDING";
                code: string;
                message: string;
                tradeOrderId: number | null;
                requestIndex: number;
            }[];
            /** Format: uuid */
            submissionId: string;
            /** @description Orders, successes, and the longest duration of each step in ms: load, claim, call, update, wait for a turn. */
            metrics?: {
                [key: string]: number;
            };
        };
        Execution: {
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            executionStatus: "NEW" | "SENT" | "PENDING" | "WORK" | "PART" | "FULL" | "FILLED" | "HOLD" | "CANCELLED" | "REJECTED";
            /** @enum {string} */
            tradeType: "BUY" | "SELL" | "SHORT" | "COVER" | "EXRC";
            destination: string;
            securityId: string;
            /** @description Exactly the stored digits, 8 behind the point. */
            quantity: number;
            /** @description Exactly the stored digits, 8 behind the point. */
            limitPrice: number | null;
            /** Format: date-time */
            receivedTimestamp: string;
            /**
             * Format: date-time
             * @description When Kafka acknowledged the record; null before.
             */
            sentTimestamp: string | null;
            tradeServiceExecutionId: number | null;
            /** @description Exactly the stored digits, 8 behind the point. */
            quantityFilled: number;
            /** @description Exactly the stored digits, 8 behind the point. */
            averagePrice: number | null;
            version: number;
        };
        ExecutionInput: {
            /** @default NEW */
            executionStatus?: ("NEW" | "SENT" | "PENDING" | "WORK" | "PART" | "FULL" | "FILLED" | "HOLD" | "CANCELLED" | "REJECTED") | null;
            /** @enum {string} */
            tradeType: "BUY" | "SELL" | "SHORT" | "COVER" | "EXRC";
            destination: string;
            securityId: string;
            /** @description Exact decimal: at most 10 digits before the point and 8 behind it, as a number or as text. */
            quantity: number | string;
            limitPrice?: (number | string) | null;
            tradeServiceExecutionId?: number | null;
            /** @description Accepted and left out: Sluice sets it. */
            version?: unknown;
        };
        ExecutionBatch: {
            /** @enum {unknown} */
            status: "SUCCESS" | "PARTIAL_SUCCESS" | "FAILED";
            message: string;
            totalRequested: number;
            successful: number;
            failed: number;
            /** @description One for each item, in the order of the request. */
            results: {
                requestIndex: number;
                /** @enum {unknown} */
                status: "SUCCESS" | "FAILED";
                message: string;
                code?: string;
                errors?: components["schemas"]["Fault"][];
                /** @description With Prefer: return=minimal. */
                id?: number;
                execution?: components["schemas"]["Execution"] | null;
            }[];
            /** Format: uuid */
            batchId: string;
            metrics: {
                [key: string]: number;
            };
        };
        ExecutionChange: {
            quantityFilled?: (number | string) | null;
            averagePrice?: (number | string) | null;
            executionStatus?: ("CANCELLED" | "CANCEL") | null;
            version: number;
        };
        Order: {
            /** Format: int64 */
            id: number;
            blotter: {
                id: number | null;
                name: string | null;
            } | null;
            status: {
                id: number;
                abbreviation: string | null;
                description: string | null;
            };
            portfolio: {
                portfolioId: string;
                name: string | null;
            };
            orderType: {
                id: number;
                abbreviation: string | null;
                description: string | null;
            };
            security: {
                securityId: string;
                ticker: string | null;
            };
            /** @description Exactly the stored digits, 8 behind the point. */
            quantity: number;
            /** @description Exactly the stored digits, 8 behind the point. */
            limitPrice: number | null;
            /** Format: date-time */
            orderTimestamp: string;
            tradeOrderId: number | null;
            version: number;
        };
        OrderInput: {
            blotterId?: number | null;
            statusId: number;
            portfolioId: string;
            orderTypeId: number;
            securityId: string;
            /** @description Exact decimal: at most 10 digits before the point and 8 behind it, as a number or as text. */
            quantity: number | string;
            limitPrice?: (number | string) | null;
            /** Format: date-time */
            orderTimestamp: string;
            tradeOrderId?: number | null;
            /** @description Accepted and left out: Sluice sets it. */
            version?: unknown;
            /** @description Accepted and left out: Sluice sets it. */
            id?: unknown;
        };
        OrderBatch: {
            /** @enum {unknown} */
            status: "SUCCESS" | "PARTIAL_SUCCESS" | "FAILED";
            message: string;
            totalRequested: number;
            successful: number;
            failed: number;
            /** @description One for each item, in the order of the request. */
            results: {
                requestIndex: number;
                /** @enum {unknown} */
                status: "SUCCESS" | "FAILED";
                message: string;
                code?: string;
                errors?: components["schemas"]["Fault"][];
                /** @description With Prefer: return=minimal. */
                id?: number;
                execution?: components["schemas"]["Order"] | null;
            }[];
            /** Format: uuid */
            batchId: string;
            metrics: {
                [key: string]: number;
            };
        };
        OrderChange: {
            id?: number | null;
            blotterId?: number | null;
            statusId: number;
            portfolioId: string;
            orderTypeId: number;
            securityId: string;
            /** @description Exact decimal: at most 10 digits before the point and 8 behind it, as a number or as text. */
            quantity: number | string;
            limitPrice?: (number | string) | null;
            /** Format: date-time */
            orderTimestamp: string;
            tradeOrderId?: number | null;
            version: number;
        };
        Revaluation: {
            /** Format: int64 */
            id: number;
            executionId: number;
            /** @description Exactly the stored digits, 8 behind the point. */
            price: number;
            /** @description Exactly the stored digits, 16 behind the point. */
            marketValue: number;
            /** Format: date-time */
            receivedTimestamp: string;
            version: number;
        };
        RevaluationInput: {
            executionId: number;
        };
    };
    responses: never;
    parameters: {
        /** @description The same key with the same body gives the stored answer again. */
        "Idempotency-Key": string;
        /** @description Your own name for the request, kept with its batch: receipts are found by it. UTF-8. */
        "Client-Reference": string;
        /** @description return=minimal (ids instead of records), respond-async, wait=N (seconds); several with commas between. */
        Prefer: string;
    };
    requestBodies: never;
    headers: {
        /** @description Seconds after which sending again makes sense. */
        "Retry-After": number;
        /** @description `true` when this is the answer of an earlier request with the same key. */
        "Idempotency-Replayed": "true";
        /** @description What of the query was not known and left out, where the setting unknownQuery allows it. */
        "Sluice-Ignored": string;
        /** @description The batch that the record came with: /api/v1/batches/{id}. */
        "Sluice-Batch-Id": string;
        /** @description ?1 when all of the upload has come, else ?0 (RFC 9651). */
        "Upload-Complete": "?0" | "?1";
        /** @description RFC 8288. */
        Link: string;
        /** @description Bytes of the upload that were taken: where it goes on. */
        "Upload-Offset": number;
        /** @description Where to read on. */
        Location: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
