//! One integration binary; a module a subject. Fixtures are made, not stored.

mod oracle;
