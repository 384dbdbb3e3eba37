//! The objects that an OpenAPI 3.0 document is made of, and the fields that each may have.

/// What stands at a place of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::contract) enum Kind {
    Document,
    Components,
    PathItem,
    Operation,
    Parameter,
    Header,
    RequestBody,
    Response,
    MediaType,
    Encoding,
    Callback,
    Schema,
    /// Examples, links and security schemes: only their references matter.
    Other,
}

/// How the children of a field are arranged.
#[derive(Clone, Copy)]
pub(in crate::contract) enum Children {
    One(Kind),
    List(Kind),
    Map(Kind),
}

use Children::{List, Map, One};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl Kind {
    /// The fields that hold something to walk into.
    pub fn children(self) -> &'static [(&'static str, Children)] {
        match self {
            Kind::Document => &[
                ("paths", Map(Kind::PathItem)),
                ("components", One(Kind::Components)),
            ],
            Kind::Components => &[
                ("schemas", Map(Kind::Schema)),
                ("responses", Map(Kind::Response)),
                ("parameters", Map(Kind::Parameter)),
                ("examples", Map(Kind::Other)),
                ("requestBodies", Map(Kind::RequestBody)),
                ("headers", Map(Kind::Header)),
                ("securitySchemes", Map(Kind::Other)),
                ("links", Map(Kind::Other)),
                ("callbacks", Map(Kind::Callback)),
            ],
            Kind::PathItem => &[
                ("parameters", List(Kind::Parameter)),
                ("get", One(Kind::Operation)),
                ("put", One(Kind::Operation)),
                ("post", One(Kind::Operation)),
                ("delete", One(Kind::Operation)),
                ("options", One(Kind::Operation)),
                ("head", One(Kind::Operation)),
                ("patch", One(Kind::Operation)),
                ("trace", One(Kind::Operation)),
            ],
            Kind::Operation => &[
                ("parameters", List(Kind::Parameter)),
                ("requestBody", One(Kind::RequestBody)),
                ("responses", Map(Kind::Response)),
                ("callbacks", Map(Kind::Callback)),
            ],
            Kind::Parameter | Kind::Header => &[
                ("schema", One(Kind::Schema)),
                ("content", Map(Kind::MediaType)),
                ("examples", Map(Kind::Other)),
            ],
            Kind::RequestBody => &[("content", Map(Kind::MediaType))],
            Kind::Response => &[
                ("headers", Map(Kind::Header)),
                ("content", Map(Kind::MediaType)),
                ("links", Map(Kind::Other)),
            ],
            Kind::MediaType => &[
                ("schema", One(Kind::Schema)),
                ("examples", Map(Kind::Other)),
                ("encoding", Map(Kind::Encoding)),
            ],
            Kind::Encoding => &[("headers", Map(Kind::Header))],
            Kind::Callback | Kind::Schema | Kind::Other => &[],
        }
    }

    /// Further fields that OpenAPI 3.0 defines here; others are typing errors to be listed.
    pub fn plain_fields(self) -> Option<&'static [&'static str]> {
        match self {
            Kind::Document => Some(&[
                "openapi",
                "info",
                "servers",
                "security",
                "tags",
                "externalDocs",
            ]),
            Kind::PathItem => Some(&["summary", "description", "servers"]),
            Kind::Operation => Some(&[
                "tags",
                "summary",
                "description",
                "externalDocs",
                "operationId",
                "deprecated",
                "security",
                "servers",
            ]),
            Kind::Parameter | Kind::Header => Some(&[
                "name",
                "in",
                "description",
                "required",
                "deprecated",
                "allowEmptyValue",
                "style",
                "explode",
                "allowReserved",
                "example",
            ]),
            Kind::RequestBody => Some(&["description", "required"]),
            Kind::Response => Some(&["description"]),
            Kind::MediaType => Some(&["example"]),
            Kind::Components => Some(&[]),
            Kind::Encoding => Some(&["contentType", "style", "explode", "allowReserved"]),
            Kind::Callback | Kind::Schema | Kind::Other => None,
        }
    }
}

/// Whether a path item's field is a method.
pub(in crate::contract) fn is_method(field: &str) -> bool {
    METHODS.contains(&field)
}
