"""What the mappings need of an org: compared with it, and as a package for it. Floor 2.

needed        objects and fields that the mappings name, with their definitions
joining       one definition of what several mappings write into a field
comparing     what a live org lacks of them, each with the fix
widening      where an org's field falls short, and the field that would do
types         what kind of custom field can hold what, and which can be made at all
markup        XML of the Metadata API
components    an object, a field, a permission set as XML
access        the permission set's contents
planning      all the files of a package
folder        writing them

All but `folder` is pure. An object here is shaped as Salesforce's describe of it, with
`fields`. Facts, read 2026-08: the WSDL of the Metadata API, version 67 (names, order
and required elements of CustomObject, CustomField, ValueSet, CustomValue and
PermissionSet); its developer guide (CustomField, CustomValue, PermissionSet); files as
the CLI retrieves them in public projects, such as trailheadapps/ebikes-lwc. From them:

- Elements stand in the order of the WSDL: `fullName`, then by name.
- Task and Event have no custom fields of their own: they are defined on Activity, in
  `objects/Activity/fields`. A permission set names them `Task.Field__c` all the same.
- Activity takes no custom long or rich text area. Two vendors who build on it say so
  (a table of Conga's, a post of Truly's), and public orgs have none among hundreds of
  its fields; Salesforce's guide is silent, and it was not tried on an org. One field
  that cannot be made stops the whole deployment, so none is written.
- Only text, number, e-mail and auto-number fields can be external ids.
- A permission set may not name fields that are required or master-detail.
- Picklist values that a deployed field leaves out are deactivated.
- Rights to Task are the user permissions ActivitiesAccess and EditTask.

The library that the Salesforce CLI deploys with (source-deploy-retrieve 12.37) read a
whole package and made a deployment of every component; no org has taken one yet.
"""
