//! Every problem this API can answer with: one table, from which the enum, the statuses, the titles and
//! `docs/PROBLEMS.md` are made.

use actix_web::http::StatusCode;

/// What is said of one code: the same words in replies, in `docs/PROBLEMS.md` and under `/problems/<code>`.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The stable code, as in `"code"` and at the end of `"type"`.
    pub code: &'static str,
    /// The HTTP status, always the same for a code.
    pub status: u16,
    /// The title, always the same for a code.
    pub title: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What the caller can do.
    pub remedy: &'static str,
}

impl Entry {
    /// Where its page is: the `"type"` of the problem.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/problems/{}", self.code)
    }
}

macro_rules! problem_codes {
    ($($name:ident = $status:literal $code:literal, $title:literal, $meaning:literal, $remedy:literal;)+) => {
        /// A problem's stable code. Adding one is a change that old clients survive; renaming one is not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $(#[doc = $meaning] $name,)+
        }

        impl ProblemCode {
            /// Every code, in the order of their statuses.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What is said of this code.
            #[must_use]
            pub const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        code: $code, status: $status, title: $title, meaning: $meaning, remedy: $remedy,
                    },)+
                }
            }
        }
    };
}

problem_codes! {
    InvalidJson = 400 "invalid-json", "The body is not JSON",
        "The body could not be read as JSON (RFC 8259, UTF-8, nested at most 128 levels).",
        "Send JSON; `detail` names the line and column where reading stopped.";
    InvalidBody = 400 "invalid-body", "The body is not what this endpoint takes",
        "Fields are missing, unknown, of the wrong type or out of their bounds; `errors` points at each, at most 20.",
        "Correct every field named in `errors` and send the request again.";
    InvalidQuery = 400 "invalid-query", "The query is not what this endpoint takes",
        "A query parameter is missing, unknown, repeated, of the wrong form, or a cursor is damaged.",
        "Correct every parameter named in `errors`; start again from the first page when the cursor is at fault.";
    CursorMismatch = 400 "cursor-mismatch", "The cursor belongs to another list",
        "A cursor continues only the list it came from: the same endpoint, filters and caller.",
        "Repeat the filters of the page that gave the cursor, or start again without a cursor.";
    Unauthenticated = 401 "unauthenticated", "Credentials are missing or not valid",
        "No credentials, or some that do not hold. Which check failed is never told.",
        "Send `Authorization: Bearer <JWT>` with a fresh token, or `X-Api-Key`; never both.";
    EmailNotVerified = 403 "email-not-verified", "The e-mail address is not verified",
        "Credits can be used only by a user whose e-mail address is verified.",
        "Verify the address, report it with `POST /api/events/email-verified`, and try again.";
    MissingScope = 403 "missing-scope", "This needs a service's API key with a scope",
        "The caller is known but holds no API key with the scope that this endpoint needs.",
        "Use an API key created with the scope named in `detail`.";
    MissingRole = 403 "missing-role", "This needs another role",
        "The caller is known but this endpoint is for users, or for operators of a certain role.",
        "Call with a token of the role named in `detail`.";
    OriginRefused = 403 "origin-refused", "This origin may not do this",
        "A write with a session cookie came from another origin, or without one.",
        "Call from the service's own pages, or with a bearer token.";
    SecondPersonRequired = 403 "second-person-required", "A second person must do this",
        "The one who asked for this may not also approve it.",
        "Have another operator approve it.";
    NotFound = 404 "not-found", "There is no such thing here",
        "The path or the id is unknown, of the wrong form, or belongs to somebody else.",
        "Check the path and the id; ids are copied as they were given.";
    MethodNotAllowed = 405 "method-not-allowed", "The path does not take this method",
        "The path exists; the method does not. `Allow` lists those that do.",
        "Use a method that `Allow` lists.";
    NotAcceptable = 406 "not-acceptable", "Nothing here is of a type you accept",
        "The `Accept` header excludes every type this endpoint can answer with.",
        "Accept `application/json` and `application/problem+json`.";
    Timeout = 408 "timeout", "The request took too long",
        "The request was not read and answered within 30 seconds and was given up.",
        "Send it again; commands repeated with the same key or id do not count twice.";
    EventConflict = 409 "event-conflict", "This event is known with another body",
        "An event with this `source_id` was recorded with other facts; nothing was changed.",
        "Send the first body to get the first answer, or use a new `source_id` for a new event.";
    RedemptionConflict = 409 "redemption-conflict", "This reference is known with another body",
        "A redemption with this `reference` was made with other facts; nothing was changed.",
        "Send the first body to get the first answer, or use a new `reference`.";
    AdjustmentConflict = 409 "adjustment-conflict", "This reference is known with another body",
        "An adjustment with this `reference` was asked for with other facts; nothing was changed.",
        "Send the first body to get the first answer, or use a new `reference`.";
    AdjustmentState = 409 "adjustment-state", "The adjustment waits for nobody",
        "The adjustment was posted or rejected before, by another decision.",
        "Read the adjustment; make another one to put right what this one did.";
    AlreadyRetracted = 409 "already-retracted", "The transaction was taken back before",
        "It was retracted for another reason, a refund or fraud took it back, or all that it took was given back; nothing was changed.",
        "Search for the transaction that reverses it.";
    CaseAlreadyDecided = 409 "case-already-decided", "The case was decided otherwise",
        "Another decision on this case was recorded before.",
        "Read the case; reopen it if the decision was wrong.";
    PayoutState = 409 "payout-state", "The payout is past this step",
        "The payout's status does not allow this step.",
        "Read the payout and act on its present status.";
    BatchState = 409 "batch-state", "The batch is past this step",
        "The batch's status does not allow this step.",
        "Read the batch and act on its present status.";
    ProgramTaken = 409 "program-taken", "There is another program of this id",
        "A program's id is given once, for ever, and this one is another program's.",
        "Choose another id; or change that program, if you administer it.";
    CodeTaken = 409 "code-taken", "Somebody has this code",
        "Another code of this program reads like this one: case, blanks and hyphens do not count, nor does O for 0, I or L for 1.",
        "Choose another code.";
    TooLarge = 413 "too-large", "The body is too large",
        "A body may have at most 1 MiB.",
        "Split the batch; an event batch takes up to 1000 events.";
    UnsupportedMediaType = 415 "unsupported-media-type", "The body is of a type this endpoint does not take",
        "Bodies are JSON, sent as `Content-Type: application/json` and not compressed.",
        "Set `Content-Type: application/json` and send plain JSON.";
    CodeUnknown = 422 "code-unknown", "There is no such code",
        "No code of this program reads like this.",
        "Check the code's spelling with the person who gave it.";
    CodeInactive = 422 "code-inactive", "The code is switched off",
        "The code exists but was deactivated.",
        "Ask for another code.";
    CodeExpired = 422 "code-expired", "The code has expired",
        "The code's time is over.",
        "Ask for another code.";
    CodeExhausted = 422 "code-exhausted", "The code is used up",
        "The code was used as often as it may be.",
        "Ask for another code.";
    SelfReferral = 422 "self-referral", "Nobody can refer themselves",
        "The code belongs to the user who applied it.",
        "Use a friend's code.";
    AlreadyReferred = 422 "already-referred", "This user is already referred",
        "A user is referred at most once, ever; another code was applied before.",
        "Nothing can be done; the first referral stands.";
    ReferralCycle = 422 "referral-cycle", "The referrer was referred by this user",
        "Referrals may not form a circle.",
        "Use the code of someone this user did not bring in.";
    SameEmail = 422 "same-email", "The referrer has the same e-mail address",
        "Both users' addresses are the same when folded.",
        "Use a code of another person.";
    ApplyWindowOver = 422 "apply-window-over", "It is too late to apply a code",
        "A code can be applied only for some days after sign-up.",
        "Nothing can be done for this user; apply codes at sign-up.";
    SignupTimeUnknown = 422 "signup-time-unknown", "Nobody told when this user signed up",
        "The program needs the sign-up time to judge whether a code may still be applied.",
        "Send `POST /api/events/signup`, or put `created_at` into the user's token.";
    ProgramPaused = 422 "program-paused", "The program is paused",
        "The program takes no new referrals at present.",
        "Try again when the program runs again.";
    NotRetractable = 422 "not-retractable", "This transaction is not taken back by hand",
        "What takes back, releases, repays or pays out is undone where it was done.",
        "Do what `detail` says instead.";
    UserUnknown = 422 "user-unknown", "Nobody of this id was seen in the program",
        "The program has never heard of a user with this id; nothing was changed.",
        "Check the id; a user is known once the host told of them.";
    InsufficientBalance = 422 "insufficient-balance", "The balance is too low",
        "More was asked for than is available; nothing was changed.",
        "Ask for less, or redeem with `\"mode\": \"up_to\"`.";
    BelowMinimum = 422 "below-minimum", "The amount is below the minimum",
        "A payout must reach the program's minimum.",
        "Wait until more is payable.";
    PayoutOpen = 422 "payout-open", "A payout is already open",
        "One payout per user and currency can be open at a time.",
        "Wait for it, or cancel it.";
    PayoutMethodMissing = 422 "payout-method-missing", "There is no usable payout method",
        "No payout method is set, or it was changed less than 72 hours ago.",
        "Set one with `PUT /api/affiliate/payout-method`.";
    OverReversal = 422 "over-reversal", "More would be reversed than was redeemed",
        "The reversals of a redemption may not exceed it; nothing was changed.",
        "Reverse at most what is left of the redemption.";
    TimeOutOfRange = 422 "time-out-of-range", "The time is out of range",
        "`occurred_at` is more than 5 minutes ahead of the service's clock, or older than 400 days; or `effective_from` lies in the past, or before the version published last.",
        "Check the sender's clock and the time.";
    RulesInvalid = 422 "rules-invalid", "The rules do not go together",
        "Each rule is within its bounds, but one contradicts another, or an amount is of another currency than the program's; `errors` points at each.",
        "Correct every rule named in `errors`; `POST .../rules/preview` tells without publishing.";
    IdempotencyKeyReused = 422 "idempotency-key-reused", "This Idempotency-Key came with another body",
        "The key was used before, by the same caller on the same path, with another body.",
        "Use a new key for a new request.";
    ReferrerLimit = 429 "referrer-limit", "The referrer's limit is reached",
        "The code's owner brought in as many people as the program allows in 24 hours; nothing was consumed.",
        "Let the person sign up, and repeat the same call after `Retry-After`.";
    IpLimit = 429 "ip-limit", "Too many sign-ups from this address",
        "More people signed up from one network address than the program allows; nothing was consumed.",
        "Let the person sign up, and repeat the same call after `Retry-After`.";
    VerificationRunning = 429 "verification-running", "The ledger is being verified",
        "A verification reads the whole ledger, so a server runs one at a time.",
        "Ask again later; the one that runs is not disturbed.";
    TooManyRequests = 429 "too-many-requests", "Too many requests",
        "The caller's quota for this endpoint is used up.",
        "Wait as long as `Retry-After` says.";
    Internal = 500 "internal", "Something is broken on our side",
        "A fault in the service. It was logged under the request id in `instance`.",
        "Send the request again later; report the request id if it stays.";
    StoreUnavailable = 503 "store-unavailable", "The store is away",
        "The database could not be reached or did not answer; nothing can be said about the effect of a write.",
        "Repeat the request after `Retry-After`; commands repeated with the same key or id do not count twice.";
    Busy = 503 "busy", "The service is busy",
        "More work is waiting than the service takes in; the request was not begun.",
        "Repeat the request after `Retry-After`.";
}

impl ProblemCode {
    /// The code as it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.entry().code
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.entry().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Finds a code by its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `schemas.md`, section 2, what administration adds, and `internal` for what never happens.
    const CONTRACT: &[(u16, &[&str])] = &[
        (400, &["invalid-json", "invalid-body", "invalid-query", "cursor-mismatch"]),
        (401, &["unauthenticated"]),
        (
            403,
            &[
                "email-not-verified",
                "missing-scope",
                "missing-role",
                "origin-refused",
                "second-person-required",
            ],
        ),
        (404, &["not-found"]),
        (405, &["method-not-allowed"]),
        (406, &["not-acceptable"]),
        (408, &["timeout"]),
        (
            409,
            &[
                "event-conflict",
                "redemption-conflict",
                "adjustment-conflict",
                "adjustment-state",
                "already-retracted",
                "case-already-decided",
                "payout-state",
                "batch-state",
                "program-taken",
                "code-taken",
            ],
        ),
        (413, &["too-large"]),
        (415, &["unsupported-media-type"]),
        (
            422,
            &[
                "code-unknown",
                "code-inactive",
                "code-expired",
                "code-exhausted",
                "self-referral",
                "already-referred",
                "referral-cycle",
                "same-email",
                "apply-window-over",
                "signup-time-unknown",
                "program-paused",
                "not-retractable",
                "user-unknown",
                "insufficient-balance",
                "below-minimum",
                "payout-open",
                "payout-method-missing",
                "over-reversal",
                "time-out-of-range",
                "rules-invalid",
                "idempotency-key-reused",
            ],
        ),
        (429, &["referrer-limit", "ip-limit", "verification-running", "too-many-requests"]),
        (500, &["internal"]),
        (503, &["store-unavailable", "busy"]),
    ];

    #[test]
    fn the_codes_are_those_of_the_contract_in_its_order() {
        let ours: Vec<_> = ProblemCode::ALL.iter().map(|c| (c.status().as_u16(), c.as_str())).collect();
        let theirs: Vec<_> = CONTRACT
            .iter()
            .flat_map(|(status, codes)| codes.iter().map(move |code| (*status, *code)))
            .collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn a_code_is_found_by_its_text() {
        for code in ProblemCode::ALL {
            assert_eq!(ProblemCode::parse(code.as_str()), Some(*code));
        }
        assert_eq!(ProblemCode::parse("invalid-"), None);
    }
}
