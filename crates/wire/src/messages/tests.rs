//! The dialect as a whole: requests on their way into chat, answers on their way out.

mod answers;
mod requests;
